import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { phantomSite } from "../support/phantom-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// The commands that cost queries, as a person runs them, stopped by Ctrl-C and by SIGKILL, and given again.

removeTemporaryFolders();

const program = fileURLToPath(new URL("../../apps/site-agent/bin/fedbaps-site.js", import.meta.url));
/** The program promises two seconds; a busy machine wakes it late. */
const STOP_MS = 6000;

interface Ended {
  readonly status: number | string | null;
  readonly out: string;
  readonly err: string;
  /** Milliseconds from the signal to the end. */
  readonly took: number;
}

type When = number | RegExp | (() => Promise<boolean>);

/** Runs a command. @param stop the signal, and when: after so many milliseconds, at words on standard error, or once it is so */
function run(argv: readonly string[], stop?: { readonly signal: NodeJS.Signals; readonly at: When }): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...argv]);
  let out = "";
  let err = "";
  let sent = 0;
  const send = () => {
    if (sent > 0 || !stop) return;
    sent = performance.now();
    child.kill(stop.signal);
  };
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => {
    err += chunk;
    if (stop?.at instanceof RegExp && stop.at.test(err)) send();
  });
  const at = stop?.at;
  const timer = typeof at === "number" ? setTimeout(send, at) : undefined;
  const look = typeof at === "function" ? setInterval(async () => ((await at()) ? send() : undefined), 50) : undefined;
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      clearInterval(look);
      resolve({ status: code ?? signal, out, err, took: sent > 0 ? performance.now() - sent : 0 });
    });
  });
}

const IMAGES = 12;

let data: string;
let home: string;
beforeAll(async () => {
  data = await phantomSite({ images: IMAGES });
  home = join(await temporaryFolder(), "home");
  expect(await run(["init", "--home", home, "--site", "aa", "--data", data])).toMatchObject({ status: 0 });
});

const figures = ({ out }: Ended) => {
  const { blackboxSeconds: _, wallSeconds: __, ...rest } = JSON.parse(out);
  return rest;
};

describe("adapt", () => {
  const adapt = (out: string, ...more: string[]) => [
    "adapt",
    "--home",
    home,
    "--budget",
    "300",
    "--json",
    "--out",
    out,
    ...more,
  ];
  let undisturbed: { readonly figures: unknown; readonly decoder: Buffer; readonly pictures: Buffer };

  const left = async (out: string) => ({
    decoder: await readFile(join(out, "decoder.safetensors")),
    pictures: await readFile(join(out, "pictures", "test-1.png")),
  });

  beforeAll(async () => {
    const out = join(await temporaryFolder(), "out");
    const ended = await run(adapt(out));
    expect([ended.status, ended.err.includes("goes on")]).toEqual([0, false]);
    undisturbed = { figures: figures(ended), ...(await left(out)) };
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "stops by %s within two seconds, says what is kept, and goes on to the same bits",
    async (signal, status) => {
      const out = join(await temporaryFolder(), "out");
      const stopped = await run(adapt(out), { signal, at: /part 2 of 6/ });
      expect([stopped.status, stopped.out]).toEqual([status, ""]);
      expect(stopped.took).toBeLessThan(STOP_MS);
      expect(stopped.err).toContain(`stopping; what was paid for is kept in ${out}, and the same command goes on`);
      const again = await run(adapt(out));
      expect(again.err).toMatch(/goes on with the run in .*: \d+ of 300 queries/);
      expect({ figures: figures(again), ...(await left(out)) }).toEqual(undisturbed);
      expect((await readdir(out)).sort()).toEqual(["answers", "decoder.safetensors", "pictures", "results.json"]);
    },
  );

  it("killed at any time, again and again, ends with the same bits", async () => {
    const out = join(await temporaryFolder(), "out");
    const stream = new RandomStream(1, "killed-commands");
    for (let i = 0; i < 4; i++) {
      const ended = await run(adapt(out), { signal: "SIGKILL", at: 2500 + stream.below(4000) });
      if (ended.status === 0) break;
      expect(ended.status).toBe("SIGKILL");
    }
    const last = await run(adapt(out));
    expect(last.status).toBe(0);
    expect({ figures: figures(last), ...(await left(out)) }).toEqual(undisturbed);
  });

  it("is refused with other settings, each named, until --restart; nothing is lost by the refusal", async () => {
    const out = join(await temporaryFolder(), "out");
    await run(adapt(out), { signal: "SIGKILL", at: /part 1 of 6/ });
    const before = await readFile(join(out, "unfinished.bin"));
    const other = await run(adapt(out, "--seed", "2", "--clicks", "2"));
    expect([other.status, other.err.trim().split("\n").at(-1)]).toEqual([
      2,
      expect.stringMatching(/^fedbaps-site: .*--clicks was 3, is 2; --seed was 1, is 2; .*--restart/),
    ]);
    expect(await readFile(join(out, "unfinished.bin"))).toEqual(before);
    const restarted = await run(adapt(out, "--restart"));
    expect(restarted.err).not.toContain("goes on");
    expect({ figures: figures(restarted), ...(await left(out)) }).toEqual(undisturbed);
  });
});

describe("evaluate", () => {
  const evaluate = (...more: string[]) => ["evaluate", "--split", "all", "--clicks", "10", "--json", ...more];

  /** Whether some scores are on the disk, in a file of this folder or in this file. */
  const begun = (place: string) => async () => {
    const files = await readdir(place).then(
      (names) => names.map((name) => join(place, name)),
      () => [place],
    );
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
    return texts.some((text) => text.includes('"kind":"scores"'));
  };

  it.each([
    ["in the home", () => ["--home", home], () => join(home, "evaluations")],
    [
      "in a file",
      () => ["--home", join(home, "none"), "--data", data, "--resume", join(home, "kept.jsonl")],
      () => join(home, "kept.jsonl"),
    ],
  ])("keeps its scores %s, and goes on to the same figures without asking twice", async (_, flags, place) => {
    const whole = await run(evaluate(...flags()));
    expect(whole.status).toBe(0);
    const stopped = await run(evaluate(...flags()), { signal: "SIGINT", at: begun(place()) });
    expect([stopped.status, stopped.out]).toEqual([130, ""]);
    expect(stopped.took).toBeLessThan(STOP_MS);
    const killed = await run(evaluate(...flags()), { signal: "SIGKILL", at: 2500 });
    expect([0, "SIGKILL"]).toContain(killed.status);
    const last = await run(evaluate(...flags()));
    expect(figures(last)).toEqual(figures(whole));
    expect(figures(last).queries).toBe(IMAGES * 10);
    const kept = await readdir(join(home, "evaluations")).catch(() => []);
    expect([kept, (await readdir(home)).includes("kept.jsonl")]).toEqual([[], false]);
  });
});
