import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
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

// Whoever uses the packages without the agent's program is as safe.
it("ONNX Runtime is loaded in one place, where its reports are switched off first", async () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const loading: string[] = [];
  for (const part of ["packages/core/src", "apps/site-agent/src", "apps/coordinator/src"])
    for (const name of await readdir(join(root, part), { recursive: true }))
      if (
        name.endsWith(".ts") &&
        /^(?:import|export) [^`]* from "onnxruntime-/m.test(await readFile(join(root, part, name), "utf8"))
      )
        loading.push(`${part}/${name}`);
  expect(loading).toEqual(["packages/core/src/blackbox/onnx-runtime.ts"]);
  const text = await readFile(join(root, loading[0]), "utf8");
  expect(text.indexOf("./telemetry-off.js")).toBeGreaterThan(-1);
  expect(text.indexOf("./telemetry-off.js")).toBeLessThan(text.indexOf("onnxruntime-node"));
});
