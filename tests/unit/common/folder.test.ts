import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

it("makes what is missing, and says whether anything was", async () => {
  const folder = join(await temporaryFolder(), "a", "b");
  expect(await makeFolder(folder, 0o700)).toBe(true);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await makeFolder(folder)).toBe(false);
  expect(await makeFolder("/")).toBe(false);
});

it("ends with what the system says where a folder cannot be", async () => {
  const file = join(await temporaryFolder(), "file");
  await writeFile(file, "");
  await expect(makeFolder(file)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(join(file, "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  // Node's own recursive mkdir never comes back from this.
  if (existsSync("/proc/self")) await expect(makeFolder("/proc/no/such")).rejects.toMatchObject({ code: "ENOENT" });
});
