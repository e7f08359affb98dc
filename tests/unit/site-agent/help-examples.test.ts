import { readFile } from "node:fs/promises";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { EXAMPLES } from "@fedbaps/site-agent/help-examples.js";
import { buildProgram } from "@fedbaps/site-agent/program.js";
import { VERSION } from "@fedbaps/site-agent/version.js";
import { describe, expect, it } from "@jest/globals";
import type { Command } from "commander";
import { run } from "../../support/command-line.js";
import { random } from "./make-runner.js";

/** The program, with verbs that do nothing, and which of them were called. */
function idleProgram(): { program: Command; called: string[] } {
  const nothing = () => {};
  const { signal } = new AbortController();
  const io = { stdout: nothing, stderr: nothing, env: {}, clock: systemClock, random, signal, terminal: false };
  const program = buildProgram(io);
  const called: string[] = [];
  for (const [path, command] of verbsOf(program))
    if (command.commands.length === 0) command.action(() => void called.push(path));
  return { program, called };
}

function verbsOf(command: Command, path = ""): [string, Command][] {
  return [[path, command], ...command.commands.flatMap((sub) => verbsOf(sub, `${path} ${sub.name()}`.trim()))];
}

/** The words of an example as a shell cuts them, from the program's name to a redirection. */
function words(example: string): string[] {
  const cut = [...example.matchAll(/"([^"]*)"|[^\s"()<>]+|[<>()]/g)].map(([word, quoted]) => quoted ?? word);
  const from = cut.indexOf("fedbaps-site") + 1;
  const end = cut.findIndex((word, index) => index >= from && /^[<>()]$/.test(word));
  return cut.slice(from, end < 0 ? undefined : end);
}

const verbs = verbsOf(idleProgram().program).map(([path]) => path);

describe.each(verbs)("the help of '%s'", (path) => {
  it("has an example", async () => {
    const { status, out } = await run(...path.split(" ").filter(Boolean), "--help");
    expect(status).toBe(0);
    expect(EXAMPLES[path] ?? []).not.toEqual([]);
    for (const example of EXAMPLES[path]) expect(out).toContain(`  ${example}\n`);
  });

  it("shows only what parses, of this verb or those below it", async () => {
    for (const example of EXAMPLES[path] ?? []) {
      const { program, called } = idleProgram();
      await program.parseAsync(words(example), { from: "user" });
      expect([example, called]).toEqual([example, [expect.stringMatching(new RegExp(`^${path}`))]]);
    }
  });
});

it("an unknown verb, or option, is answered with the nearest", async () => {
  expect(await run("stauts")).toMatchObject({ status: 2, err: expect.stringMatching(/Did you mean status\?/) });
  expect(await run("study", "aprove", "x")).toMatchObject({ status: 2, err: expect.stringContaining("approve") });
  expect(await run("adapt", "--budgte", "5")).toMatchObject({ status: 2, err: expect.stringContaining("--budget") });
});

it("says its version, that of its package", async () => {
  expect(await run("--version")).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+ \(protocol \d+\)\n$/),
  });
  const manifest = await readFile(new URL("../../../apps/site-agent/package.json", import.meta.url), "utf8");
  expect(JSON.parse(manifest)).toMatchObject({ version: VERSION });
});
