import { chmod, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkData } from "@fedbaps/core/data/check.js";
import type { Dataset } from "@fedbaps/core/data/dataset.js";
import { KeptFindings } from "@fedbaps/core/data/findings.js";
import type { Problem } from "@fedbaps/core/data/problem.js";
import { openUsable } from "@fedbaps/core/data/usable.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { codeOf, thrownBy } from "../../support/codes.js";
import { rectangle, stemsOf, writeMask, writePairs, writePicture } from "../../support/data-folder.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
});

const image = (stem: string) => join(folder, "images", `${stem}.png`);
const mask = (stem: string) => join(folder, "masks", `${stem}.png`);
const open = (options: Partial<Parameters<typeof openUsable>[1]> = {}) => openUsable(folder, { seed: 1, ...options });
const stems = ({ train, val, test }: Dataset) => [train, val, test].map((part) => part.map(({ stem }) => stem));
const codes = (problems: readonly Problem[] = []) => problems.map(({ code }) => code).sort();

describe("bad cases", () => {
  it("are left out up to the tolerance; the others keep their numbers and parts", async () => {
    await writePairs(folder, stemsOf(40));
    const before = await open();
    expect(before.leftOut).toEqual([]);
    await writeFile(image("p003"), "no picture");
    await writeMask(mask("p007"), rectangle(0));
    const after = await open();
    expect(codes(after.leftOut)).toEqual(["IMAGE_UNREADABLE", "MASK_EMPTY"]);
    const gone = ["p003", "p007"];
    expect(stems(after)).toEqual(stems(before).map((part) => part.filter((stem) => !gone.includes(stem))));
    const numbers = ({ train }: Dataset) => new Map(train.map(({ stem, id }) => [stem, id]));
    for (const [stem, id] of numbers(after)) expect(numbers(before).get(stem)).toBe(id);
  });

  it("are refused above it: exactly the share is forgiven, one more is not", async () => {
    await writePairs(folder, stemsOf(20));
    await writeFile(image("p000"), "no picture");
    expect((await open({ tolerance: 0.05 })).leftOut).toHaveLength(1);
    await writeMask(mask("p001"), rectangle(3, 5, 9));
    const error = (await thrownBy(() => open({ tolerance: 0.05 }))) as Error;
    expect(error).toMatchObject({ code: "DATASET_BAD_CASES", fields: { count: 2 } });
    expect(error.message).toMatch(
      /2 of 20 cases cannot be used \((IMAGE_UNREADABLE|MASK_SIZE) 1, .* 1\).*tolerance of 5 %/,
    );
    expect(error.message).not.toContain("\n");
    expect((await open({ tolerance: 0.1 })).leftOut).toHaveLength(2);
    expect(await codeOf(() => open({ tolerance: 0 }))).toBe("DATASET_BAD_CASES");
  });

  it("count together with pictures that have no mask", async () => {
    await writePairs(folder, stemsOf(18));
    await writePicture(image("q1"), 99);
    await writeFile(image("p000"), "no picture");
    await expect(open({ tolerance: 0.06 })).rejects.toMatchObject({ code: "DATASET_BAD_CASES", fields: { count: 2 } });
    expect(codes((await open({ tolerance: 0.11 })).leftOut)).toEqual(["DATASET_UNPAIRED", "IMAGE_UNREADABLE"]);
  });

  it("may not empty a part", async () => {
    await writePairs(folder, stemsOf(5));
    const [, [only]] = stems(await open());
    await writeFile(image(only), "no picture");
    await expect(open({ tolerance: 1 })).rejects.toMatchObject({ code: "DATASET_PART_EMPTY" });
  });

  it("do not include files that this user may not read: the text says so, and not that they are damaged", async () => {
    await writePairs(folder, stemsOf(20));
    await chmod(image("p000"), 0);
    if (await readFile(image("p000")).catch(() => undefined)) {
      console.warn("skipped in part: this user may read everything");
      return;
    }
    expect((await open()).leftOut).toMatchObject([{ code: "FILE_FORBIDDEN" }]);
  });
});

describe("equal pictures", () => {
  it("in two parts are left out of the earlier one: nothing is measured on what was trained on", async () => {
    await writePairs(folder, stemsOf(30));
    const { train, test } = await open();
    await writeFile(train[0].image.path, await readFile(test[0].image.path));
    const after = await open();
    expect(after.leftOut).toMatchObject([
      { code: "IMAGE_IN_TWO_SPLITS", file: train[0].image.path, sample: train[0].id },
    ]);
    expect(after.test).toEqual(test);
    expect(after.train).toEqual(train.slice(1));
  });

  it("in one part are no bad cases", async () => {
    await writePairs(folder, stemsOf(30));
    const { train } = await open();
    await writeFile(train[0].image.path, await readFile(train[1].image.path));
    expect((await open({ tolerance: 0 })).leftOut).toEqual([]);
  });
});

describe("what is told of cases that are used all the same", () => {
  const grey = (levels: Uint8Array, height = 8) => ({ raw: { width: 12, height, channels: 1 as const }, levels });
  const blank = async () => {
    const { raw, levels } = grey(new Uint8Array(96).fill(9));
    await sharp(levels, { raw }).png().toFile(image("p001"));
  };
  const paged = async () => {
    await rm(image("p001"));
    const { raw, levels } = grey(
      Uint8Array.from({ length: 192 }, (_, i) => (i * 37) % 251),
      16,
    );
    const file = image("p001").replace(".png", ".tif");
    await sharp(levels, { raw: { ...raw, pageHeight: 8 } })
      .tiff()
      .toFile(file);
  };
  const levelled = async () => {
    const { raw, levels } = grey(Uint8Array.from({ length: 96 }, (_, i) => [0, 120, 255][Math.floor(i / 32)]));
    await sharp(levels, { raw }).png().toFile(mask("p001"));
  };

  it.each([
    ["IMAGE_BLANK", blank],
    ["IMAGE_PAGES", paged],
    ["MASK_VALUES", levelled],
  ])("%s", async (code, spoil) => {
    await writePairs(folder, stemsOf(6));
    await spoil();
    const { problems, error, leftOut } = await checkData(folder, { seed: 1 });
    expect([error, leftOut]).toEqual([undefined, 0]);
    expect(problems).toMatchObject([{ severity: "warning", code, sample: 2 }]);
  });
});

describe("what is kept of files that have not changed", () => {
  const SALT = new Uint8Array(32).fill(7);
  const kept = async () => join(await temporaryFolder(), "findings.json");
  /** Other content of the same size and time of writing. */
  async function spoil(path: string): Promise<void> {
    const { atime, mtime, size } = await stat(path);
    await writeFile(path, Buffer.alloc(size));
    await utimes(path, atime, mtime);
  }

  it("is believed, and read again once the file has changed, even with the old time of writing and size", async () => {
    await writePairs(folder, stemsOf(10));
    const file = await kept();
    const findings = await KeptFindings.open(file, SALT);
    const first = await open({ findings, tolerance: 0 });
    const again = await KeptFindings.open(file, SALT);
    const [sample] = [...first.train, ...first.val, ...first.test].filter(({ id }) => id === 1);
    const what = { image: sample.image, mask: sample.mask };
    const figures = await again.figures([image("p000"), mask("p000")], what, async () => {
      throw new Error("not known");
    });
    expect([figures.width, figures.height, figures.inside]).toEqual([12, 8, 9]);
    await spoil(image("p000"));
    expect(await codeOf(() => open({ findings: again, tolerance: 0 }))).toBe("DATASET_BAD_CASES");
  });

  it("is not kept of bad cases: they are looked at again, and good once they are mended", async () => {
    await writePairs(folder, stemsOf(20));
    const file = await kept();
    const good = await readFile(image("p004"));
    await writeFile(image("p004"), "no picture");
    expect((await open({ findings: await KeptFindings.open(file, SALT) })).leftOut).toHaveLength(1);
    await writeFile(image("p004"), good);
    expect((await open({ findings: await KeptFindings.open(file, SALT) })).leftOut).toEqual([]);
  });

  it("names no file, is for its owner only, and counts for nothing where it is damaged or of another salt", async () => {
    await writePairs(folder, stemsOf(10, "PATIENT"));
    const file = await kept();
    await open({ findings: await KeptFindings.open(file, SALT) });
    expect(await readFile(file, "utf8")).not.toMatch(/PATIENT|images|png/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const other = await KeptFindings.open(file, new Uint8Array(32));
    let looked = 0;
    const figures = { width: 1, height: 1, inside: 1, picture: "x", blank: false };
    await other.figures([image("PATIENT000")], {}, async () => ({ ...figures, width: ++looked }));
    expect(looked).toBe(1);
    await writeFile(file, "{");
    expect((await open({ findings: await KeptFindings.open(file, SALT) })).leftOut).toEqual([]);
  });
});

it("stops when it is asked to", async () => {
  await writePairs(folder, stemsOf(20));
  const stop = new AbortController();
  let looked = 0;
  const onProgress = (done: number) => {
    looked = done;
    if (done === 3) stop.abort(new Error("stopped"));
  };
  await expect(open({ signal: stop.signal, onProgress })).rejects.toThrow("stopped");
  expect(looked).toBeLessThan(10);
});
