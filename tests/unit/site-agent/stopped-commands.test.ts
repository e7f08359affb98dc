import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it } from "@jest/globals";
import { runWith } from "../../support/command-line.js";
import { phantomSite } from "../../support/phantom-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let data: string;
let folder: string;
beforeAll(async () => {
  data = await phantomSite({ images: 12 });
  folder = await temporaryFolder();
});

it.each([
  ["data check", () => ["data", "check", data, "--json"]],
  ["evaluate", () => ["evaluate", "--data", data, "--json"]],
  ["adapt", () => ["adapt", "--data", data, "--out", join(folder, "out"), "--json"]],
  ["predict", () => ["predict", join(data, "images"), "--point", "20,20", "--out", join(folder, "masks"), "--json"]],
])("%s that is stopped gives no result, no stack and no half of a file", async (_, argv) => {
  const stop = new AbortController();
  // As soon as it says anything, or a little after its start.
  const timer = setTimeout(() => stop.abort(), 150);
  const begun = performance.now();
  const { status, out, err } = await runWith({ signal: stop.signal }, "--home", join(folder, "home"), ...argv());
  clearTimeout(timer);
  // A command that was faster has its result.
  if (status === 0 && performance.now() - begun < 400) return console.warn("it was over before it was stopped");
  expect([status, out]).toEqual([1, ""]);
  expect(err).not.toMatch(/unexpected|^\s+at /m);
  const left = await readdir(folder, { recursive: true });
  expect(left.filter((name) => /\.tmp$|decoder|results|\.lock$/.test(name))).toEqual([]);
});
