import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { run } from "../../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder: string;
const has = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0;
/** Runs a test with a shell, or says why not. */
function withShell(shell: string): typeof it {
  if (has(shell)) return it;
  console.warn(`skipped: ${shell} is not installed here, so its completion is not tried`);
  return it.skip as typeof it;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, "my data"));
  await writeFile(join(folder, "my model.onnx"), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { status, out, err } = await run("completion", shell);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    await writeFile(join(folder, `${shell}.sh`), out);
  }
});

/** What a shell offers after this line, of which the last word is being typed; sorted. */
type Complete = (...line: string[]) => string[];

const sorted = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .sort();

const inBash: Complete = (...line) => {
  const words = ["fedbaps-site", ...line].map((word) => `'${word}'`).join(" ");
  const script = `source ./bash.sh; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _fedbaps_site; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return sorted(execFileSync("bash", ["--norc", "-c", script], { cwd: folder, encoding: "utf8" }));
};

/** zsh's own functions print here what they are given, so that no terminal is needed. */
const ZSH = `compdef() { :; }; compset() { [[ $cur == *:* ]]; }
compadd() { while [[ $1 == -* ]]; do [[ $1 == -S ]] && shift; [[ $1 == -- ]] && { shift; break; }; shift; done; print -l -- \${(M)@:#$cur*}; }
_describe() { for one in "\${offered[@]}"; do [[ $one == $cur* ]] && print -- "\${one%%:*}"; done; }
_files() { [[ $1 == -/ ]] && print -l -- *(/N) || print -l -- *.onnx(N); }`;
const inZsh: Complete = (...line) => {
  const words = ["fedbaps-site", ...line].map((word) => `'${word}'`).join(" ");
  const script = `${ZSH}\nsource ./zsh.sh; words=(${words}); CURRENT=\${#words}; _fedbaps_site; true`;
  return sorted(execFileSync("zsh", ["-f", "-c", script], { cwd: folder, encoding: "utf8" }));
};

const inFish: Complete = (...line) => {
  const script = `source ./fish.sh; complete -C '${["fedbaps-site", ...line].join(" ")}'`;
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
  const out = execFileSync("fish", ["--no-config", "-c", script], { cwd: folder, encoding: "utf8", env });
  return sorted(out.replace(/\t.*$/gm, ""));
};

describe.each<[string, Complete]>([
  ["bash", inBash],
  ["zsh", inZsh],
  ["fish", inFish],
])("%s completes", (shell, complete) => {
  const shelled = withShell(shell);

  shelled("verbs, and verbs of verbs, also after an option with its value", () => {
    expect(complete("en")).toEqual(["enroll"]);
    expect(complete("study", "")).toEqual(["approve", "decline", "list", "show"]);
    expect(complete("--home", "study", "roster", "")).toEqual(["accept", "show"]);
    for (const verb of ["adapt", "doctor", "evaluate", "init", "run", "status"]) expect(complete("")).toContain(verb);
  });

  shelled("the options of a verb, with those of the program", () => {
    const offered = complete("adapt", "--");
    for (const flag of ["--decoder", "--budget", "--home", "--help"]) expect(offered).toContain(flag);
    expect(offered).not.toContain("--words");
    expect(complete("roster", "accept", "--w")).toEqual(["--words"]);
  });

  shelled("the words that an option takes, and no guesses for a number", () => {
    expect(complete("adapt", "--decoder", "f")).toEqual(["filter-bank"]);
    expect(complete("completion", "")).toEqual(["bash", "fish", "zsh"]);
    expect(complete("adapt", "--budget", "")).toEqual([]);
  });

  shelled("folders and files, with spaces in them", () => {
    const folders = complete("adapt", "--data", "").map((name) => name.replace(/\/$/, ""));
    expect(folders).toContain("my data");
    expect(folders).not.toContain("my model.onnx");
    expect(complete("blackbox", "check", "--mask", "")).toContain("my model.onnx");
    expect(complete("blackbox", "check", "o")).toEqual(expect.arrayContaining(["oip:", "onnx:"]));
  });
});

it("bash is told where it cuts words itself: at = and :", () => {
  expect(inBash("adapt", "--decoder", "=", "f")).toEqual(["filter-bank"]);
  expect(inBash("adapt", "--decoder", "=")).toContain("baps");
  expect(inBash("blackbox", "check", "onnx", ":", "my")).toEqual(["my data", "my model.onnx"]);
});

it("an unknown shell is a plain line", async () => {
  expect(await run("completion", "tcsh")).toMatchObject({ status: 2, err: expect.stringContaining("bash, zsh, fish") });
});
