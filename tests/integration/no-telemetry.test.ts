import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

removeTemporaryFolders();

const PROGRAM = fileURLToPath(new URL("../../apps/site-agent/bin/fedbaps-site.js", import.meta.url));

// ONNX Runtime keeps what it is about to report to its maker in the user's cache folder.
it("a black box in the agent's process keeps no reports for the maker of its runtime", async () => {
  const folder = await temporaryFolder();
  // Its suppression where tests run is not what is tried here.
  const { CI: _, ORT_DISABLE_TELEMETRY: __, ...rest } = process.env;
  const env = { ...rest, HOME: folder, XDG_CACHE_HOME: `${folder}/cache`, FEDBAPS_HOME: `${folder}/none` };
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, "blackbox", "check", "bundled"], { env });
  expect(stdout).toMatch(/^ok: bundled/);
  expect(await readdir(folder, { recursive: true })).toEqual([]);
});
