import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

describe("writing a file whole or not at all", () => {
  it("makes the folders, replaces what was there and leaves nothing else behind", async () => {
    const folder = join(await temporaryFolder(), "a", "b");
    const file = join(folder, "state.json");
    await writeFileAtomic(file, "a long first content");
    await writeFileAtomic(file, "second");
    await writeFileAtomic(join(folder, "bytes"), Uint8Array.of(0, 255));
    expect(await readFile(file, "utf8")).toBe("second");
    expect([...(await readFile(join(folder, "bytes")))]).toEqual([0, 255]);
    expect((await readdir(folder)).sort()).toEqual(["bytes", "state.json"]);
  });

  it("gives secrets the mode that was asked for, also in place of an open file", async () => {
    const file = join(await temporaryFolder(), "key");
    await writeFile(file, "old");
    await chmod(file, 0o644);
    await writeFileAtomic(file, "secret", 0o600);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("keeps what was there and leaves no temporary file when the target cannot be replaced", async () => {
    const folder = await temporaryFolder();
    const target = join(folder, "target");
    await mkdir(target);
    await writeFile(join(target, "inside"), "kept");
    await expect(writeFileAtomic(target, "new")).rejects.toThrow();
    expect(await readFile(join(target, "inside"), "utf8")).toBe("kept");
    expect(await readdir(folder)).toEqual(["target"]);
  });

  it("keeps the old content and leaves no temporary file when the content cannot be written", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "state");
    await writeFileAtomic(file, "old");
    const unwritable = 42 as unknown as Uint8Array;
    await expect(writeFileAtomic(file, unwritable)).rejects.toThrow();
    expect(await readFile(file, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["state"]);
  });

  it("is one content or the other, never a mixture, when two write at once", async () => {
    const file = join(await temporaryFolder(), "state");
    const contents = ["a", "b", "c", "d"].map((letter) => letter.repeat(100_000));
    await Promise.all(contents.map((content) => writeFileAtomic(file, content)));
    expect(contents).toContain(await readFile(file, "utf8"));
  });
});
