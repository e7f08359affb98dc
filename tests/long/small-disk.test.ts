import { spawn, spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { phantomSite } from "../support/phantom-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// Commands on a disk that is really full or read-only: a small one in memory, in a mount namespace of its own.

removeTemporaryFolders();

const program = fileURLToPath(new URL("../../apps/site-agent/bin/fedbaps-site.js", import.meta.url));
const smallDisk = fileURLToPath(new URL("../support/small-disk.mjs", import.meta.url));

const allowed = spawnSync("unshare", ["-r", "-m", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]).status === 0;
if (!allowed)
  console.warn("skipped: this account may not mount a disk in a namespace of its own, so none is really full");
const withDisk = allowed ? describe : describe.skip;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

type Order = "none" | "fill" | "free" | "readonly" | "writable";

/**
 * Runs a command with a small disk on `folder`. @param orders what is done to the disk once standard error says something
 */
function run(
  { folder, first, orders = [] }: { folder: string; first: Order; orders?: readonly (readonly [RegExp, Order])[] },
  ...argv: string[]
): Promise<Ended> {
  const command = [
    "-r",
    "-m",
    process.execPath,
    smallDisk,
    folder,
    "2m",
    first,
    "--",
    process.execPath,
    program,
    ...argv,
  ];
  const child = spawn("unshare", command);
  const left = [...orders];
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => {
    err += chunk;
    while (left.length > 0 && left[0][0].test(err)) child.stdin.write(`${left.shift()?.[1]}\n`);
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, out, err })));
}

async function disk(): Promise<string> {
  const folder = join(await temporaryFolder(), "disk");
  await mkdir(folder);
  return folder;
}

const lastLine = ({ err }: Ended) => err.trim().split("\n").at(-1);

withDisk("a command on a disk that takes nothing", () => {
  it.each([
    ["fill", "the disk is full; free some space there"],
    ["readonly", "it is on a read-only disk; mount it writable"],
  ] as const)("ends in one line that says so: %s", async (first, words) => {
    const folder = await disk();
    const made = await run({ folder, first }, "init", "--home", join(folder, "home"), "--site", "aa");
    expect([made.status, made.out, lastLine(made)]).toEqual([1, "", expect.stringContaining(words)]);
    expect(made.err).not.toContain("unexpected");
    const adapted = await run({ folder, first }, "adapt", "--data", folder, "--out", join(folder, "out"));
    expect([adapted.status, lastLine(adapted)]).toEqual([1, expect.stringContaining(words.split(";")[0])]);
  });
});

withDisk("adapt on a disk that is full for a while, then read-only", () => {
  it("waits, says so, goes on by itself, and ends with the same figures", async () => {
    const data = await phantomSite({ images: 12 });
    const adapt = (folder: string) => [
      "adapt",
      "--data",
      data,
      "--budget",
      "300",
      "--json",
      "--out",
      join(folder, "out"),
    ];
    const [calm, tight] = [await disk(), await disk()];
    const figures = ({ out }: Ended) => {
      const { blackboxSeconds: _, wallSeconds: __, ...rest } = JSON.parse(out);
      return rest;
    };
    const undisturbed = await run({ folder: calm, first: "none" }, ...adapt(calm));
    const orders = [
      [/part 1 of 6/, "fill"],
      [/waits: .*the disk is full/, "free"],
      [/goes on\n(.*\n)*part 3 of 6/, "readonly"],
      [/waits: .*read-only/, "writable"],
    ] as const;
    const ended = await run({ folder: tight, first: "none", orders }, ...adapt(tight));
    expect(ended.status).toBe(0);
    expect(ended.err.match(/waits: [^\n]*nothing is lost/g)).toHaveLength(2);
    expect(ended.err.match(/takes what is written again; goes on/g)).toHaveLength(2);
    expect(figures(ended)).toEqual(figures(undisturbed));
  });
});
