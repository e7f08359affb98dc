import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openUsable } from "@fedbaps/core/data/usable.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { run, runWith } from "../support/command-line.js";
import { rectangle, stemsOf, writeMask, writePairs, writePicture } from "../support/data-folder.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

removeTemporaryFolders();

let folder = "";
let home = "";
beforeEach(async () => {
  folder = join(await temporaryFolder(), "data");
  home = join(await temporaryFolder(), "home");
});

interface Shown {
  usable: boolean;
  images: number;
  patients: number | null;
  splits: { train: number; val: number; test: number };
  problems: { code: string; severity: string; file: string; message: string; remedy: string }[];
  leftOut: number;
  unused: number;
  foreground: { min: number; median: number; max: number };
  sizes: { width: number; height: number; images: number }[];
  formats: { images: object; masks: object };
}

async function check(...argv: string[]): Promise<{ status: number; shown: Shown; err: string }> {
  const { status, out, err } = await run("--home", home, "data", "check", folder, "--json", ...argv);
  return { status, shown: JSON.parse(out) as Shown, err };
}

/** Every file and folder with its size and times: what a check must leave as it is. */
async function listing(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  const lines = await Promise.all(
    ["", ...entries].map(async (name) => {
      const { size, mtimeMs, ctimeMs, mode } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs} ${ctimeMs} ${mode}`;
    }),
  );
  return lines.sort();
}

const image = (stem: string) => join(folder, "images", `${stem}.png`);
const mask = (stem: string) => join(folder, "masks", `${stem}.png`);

/** One problem of every kind that a folder of pictures can have. */
async function spoil(): Promise<void> {
  await writePairs(folder, stemsOf(30));
  await writeFile(image("p000"), "no picture");
  await writeFile(image("p001"), (await readFile(image("p001"))).subarray(0, 60));
  await writeMask(mask("p002"), rectangle(0));
  await writeMask(mask("p003"), { data: new Uint8Array(96).fill(1), width: 12, height: 8 });
  await writeMask(mask("p004"), rectangle(3, 20, 20));
  await writePicture(image("q"), 77);
  await writeFile(image("p006"), await readFile(image("p005")));
  const levels = Uint8Array.from({ length: 96 }, (_, i) => (i < 40 ? 0 : i < 70 ? 120 : 255));
  await sharp(levels, { raw: { width: 12, height: 8, channels: 1 } })
    .png()
    .toFile(mask("p007"));
}

describe("data check", () => {
  it("finds nothing wrong with good data, and says what there is", async () => {
    await writePairs(folder, stemsOf(10));
    const { status, shown } = await check();
    expect([status, shown.usable, shown.problems]).toEqual([0, true, []]);
    expect(shown).toMatchObject({
      images: 10,
      patients: null,
      splits: { train: 6, val: 2, test: 2 },
      leftOut: 0,
      tolerance: 0.05,
      sizes: [{ width: 12, height: 8, images: 10 }],
      formats: { images: { PNG: 10 }, masks: { PNG: 10 } },
    });
    for (const share of Object.values(shown.foreground)) expect(share).toBeCloseTo(9 / 96);
  });

  it("reports every problem at once, each with its file and remedy", async () => {
    await spoil();
    const { status, shown, err } = await check();
    expect([status, shown.usable, shown.images]).toEqual([1, false, 31]);
    const found = shown.problems.map(({ code, file }) => `${code} ${file}`);
    for (const expected of [
      "IMAGE_UNREADABLE images/p000.png",
      "IMAGE_UNREADABLE images/p001.png",
      "MASK_EMPTY masks/p002.png",
      "MASK_FULL masks/p003.png",
      "MASK_SIZE masks/p004.png",
      "DATASET_UNPAIRED images/q.png",
      "MASK_VALUES masks/p007.png",
    ])
      expect(found).toContain(expected);
    expect(found.some((line) => /^IMAGE_(DUPLICATE|IN_TWO_SPLITS) images\/p00[56].png$/.test(line))).toBe(true);
    for (const { message, remedy } of shown.problems) {
      expect(Math.min(message.length, remedy.length)).toBeGreaterThan(5);
      expect(message + remedy).not.toContain("\n");
    }
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toContain("DATASET_UNPAIRED 1");
  });

  it("agrees with what opens the data, at any tolerance", async () => {
    await spoil();
    for (const tolerance of [0, 0.1, 0.18, 0.2, 0.3]) {
      const { status, shown } = await check("--tolerance", String(tolerance));
      const opened = await openUsable(folder, { seed: 1, tolerance }).catch(() => undefined);
      expect([tolerance, status]).toEqual([tolerance, opened ? 0 : 1]);
      if (!opened) continue;
      const { train, val, test, leftOut } = opened;
      expect(shown.splits).toEqual({ train: train.length, val: val.length, test: test.length });
      expect(shown.leftOut).toBe(leftOut?.length);
    }
  });

  it("finds pictures of one patient in two parts, and the same picture in two parts", async () => {
    for (const part of ["train", "val", "test"]) await writePairs(join(folder, part), [part], part.length);
    await writePairs(join(folder, "train"), ["other"], 50);
    await writePairs(join(folder, "test"), ["copy"], 50);
    const rows = ["train/images/train", "train/images/other", "val/images/val", "test/images/test", "test/images/copy"];
    const lines = rows.map(
      (row, i) => `${row}.png,${row.replace("images", "masks")}.png,P${i % 4},${row.split("/")[0]}`,
    );
    await writeFile(join(folder, "manifest.csv"), `image,mask,patient,split\n${lines.join("\n")}\n`);
    const { shown } = await check();
    expect(shown.patients).toBe(4);
    expect(shown.problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      "PATIENT_IN_TWO_SPLITS test/images/copy.png",
      "IMAGE_IN_TWO_SPLITS train/images/other.png",
    ]);
  });

  it("reports the bad lines of a manifest and still looks at the pictures of the others", async () => {
    await writePairs(folder, stemsOf(8));
    await writeMask(mask("p004"), rectangle(0));
    const good = stemsOf(6).map((stem) => `images/${stem}.png,masks/${stem}.png`);
    await writeFile(join(folder, "manifest.csv"), ["image,mask", ...good, ",x", "a,b,c"].join("\n"));
    const { status, shown } = await check();
    expect(status).toBe(1);
    expect(shown.problems.map(({ code }) => code)).toEqual(["MANIFEST_INVALID", "MANIFEST_INVALID", "MASK_EMPTY"]);
    expect(shown.problems.map(({ message }) => /line (\d+)/.exec(message)?.[1])).toEqual(["8", "9", undefined]);
  });

  it("says of too few cases and of no folder what to do", async () => {
    await writePairs(folder, stemsOf(4));
    expect((await check()).shown.problems).toMatchObject([{ code: "DATASET_TOO_SMALL", severity: "fatal" }]);
    folder = join(folder, "gone");
    expect((await check()).shown).toMatchObject({ usable: false, images: 0, problems: [{ code: "DATASET_MISSING" }] });
  });

  it("writes nothing into the data: listing and times are as before, and the folder may be read-only", async () => {
    await spoil();
    const before = await listing();
    for (const name of ["images", "masks", ""]) await chmod(join(folder, name), 0o555);
    const locked = await listing();
    await check("--sheet", join(home, "..", "sheet.png"));
    expect(await listing()).toEqual(locked);
    for (const name of ["images", "masks", ""]) await chmod(join(folder, name), 0o755);
    expect((await readdir(folder, { recursive: true })).length).toBe(before.length - 1);
  });

  it("uses the rules, the tolerance and the folder of site.yaml; flags count more", async () => {
    await writePairs(folder, stemsOf(10));
    await writeMask(mask("p000"), rectangle(0));
    expect((await run("--home", home, "init", "--site", "ward-7", "--data", folder)).status).toBe(0);
    const settings = await readFile(join(home, "site.yaml"), "utf8");
    await writeFile(
      join(home, "site.yaml"),
      `${settings}tolerance: 0.1\nreading:\n  slices: largest\n  window: 40,400\n`,
    );
    const { status, out } = await run("--home", home, "data", "check", "--json");
    expect([status, (JSON.parse(out) as Shown).leftOut]).toEqual([0, 1]);
    expect((await run("--home", home, "data", "check", "--tolerance", "0")).status).toBe(1);
    await writeFile(join(home, "site.yaml"), `${settings}reading:\n  slices: some\n`);
    const { status: faulty, err } = await run("--home", home, "data", "check");
    expect([faulty, err]).toEqual([2, expect.stringContaining("use labelled, largest or every:N")]);
    expect((await run("--home", home, "data", "check", "--labels", "0,1")).status).toBe(2);
  });

  it("keeps no name in the home, but a salt for its owner only", async () => {
    await writePairs(folder, stemsOf(10, "PATIENT"));
    const lines = stemsOf(10, "PATIENT").map((stem, i) => `images/${stem}.png,masks/${stem}.png,PATIENT-${i >> 1}`);
    await writeFile(join(folder, "manifest.csv"), ["image,mask,patient", ...lines].join("\n"));
    await run("--home", home, "init", "--site", "ward-7");
    const { shown } = await check();
    expect(shown.patients).toBe(5);
    for (const name of await readdir(home)) {
      const text = (await stat(join(home, name))).isFile() ? await readFile(join(home, name), "latin1") : "";
      expect([name, text.includes("PATIENT")]).toEqual([name, false]);
    }
    expect((await stat(join(home, "patient-salt"))).mode & 0o777).toBe(0o600);
    const salt = await readFile(join(home, "patient-salt"), "utf8");
    await check();
    expect(await readFile(join(home, "patient-salt"), "utf8")).toBe(salt);
  });

  it("without a home makes none", async () => {
    await writePairs(folder, stemsOf(10));
    await check();
    await expect(stat(home)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("shows a person counts, sizes and problems in groups", async () => {
    await spoil();
    const { status, out } = await run("--home", home, "data", "check", folder);
    expect(status).toBe(1);
    expect(out).toMatch(/cannot be used as it is\n/);
    expect(out).toMatch(/images +31: PNG, masks PNG/);
    expect(out).toMatch(/bad cases:\n {2}DATASET_UNPAIRED \(1\)\n {4}images\/q.png: has no mask/);
    expect(out).toMatch(/worth a look:\n/);
  });

  it("shows file names on one line each, without what would command a terminal", async () => {
    await writePairs(folder, stemsOf(9));
    await writePicture(join(folder, "images", "a\u001b[31m\nb.png"), 20);
    const { out } = await run("--home", home, "data", "check", folder);
    expect(out).toContain("    images/a?[31m?b.png: has no mask");
    await writeFile(join(folder, "manifest.csv"), "image\nno\u001b[31mne.png\n");
    const { err } = await run("--home", home, "data", "check", folder);
    expect(err).toContain("no?[31mne.png");
    expect(err).not.toContain("\u001b");
  });

  it("ends soon when it is stopped, with status 1", async () => {
    await writePairs(folder, stemsOf(30));
    const stop = new AbortController();
    stop.abort();
    const { status, out } = await runWith({ signal: stop.signal }, "--home", home, "data", "check", folder, "--json");
    expect([status, out]).toEqual([1, ""]);
  });
});

describe("the contact sheet", () => {
  it("shows the cases, bad ones framed", async () => {
    await spoil();
    const sheet = join(await temporaryFolder(), "sheet.png");
    const { err } = await check("--sheet", sheet);
    expect(err).toContain("contact sheet of 30 cases");
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    let framed = 0;
    let outlined = 0;
    for (let i = 0; i < data.length; i += info.channels) {
      if (data[i] === 213 && data[i + 1] === 94 && data[i + 2] === 0) framed++;
      if (data[i] === 0 && data[i + 1] === 158 && data[i + 2] === 115) outlined++;
    }
    const frame = 160 ** 2 - 152 ** 2;
    expect(framed / frame).toBeGreaterThanOrEqual(5);
    expect(framed % frame).toBe(0);
    expect(outlined).toBeGreaterThan(1000);
  });

  it("is never written into the data, by a link either", async () => {
    await writePairs(folder, stemsOf(10));
    const link = join(await temporaryFolder(), "link");
    await symlink(join(folder, "images"), link);
    await mkdir(join(folder, "..", "data-sheets"));
    for (const place of [folder, join(folder, "masks"), link]) {
      const { status, err } = await run("--home", home, "data", "check", folder, "--sheet", join(place, "s.png"));
      expect([status, err]).toEqual([2, expect.stringContaining("within the data")]);
    }
    const beside = join(folder, "..", "data-sheets", "s.png");
    expect((await run("--home", home, "data", "check", folder, "--sheet", beside)).status).toBe(0);
    const nowhere = join(folder, "..", "nowhere", "s.png");
    expect((await run("--home", home, "data", "check", folder, "--sheet", nowhere)).status).toBe(2);
  });
});

describe("verbs that measure", () => {
  it("leave bad cases out within the tolerance, name them at a terminal only, and count them", async () => {
    await writePairs(folder, stemsOf(20));
    await writeFile(image("p000"), "no picture");
    const argv = ["--home", home, "evaluate", "--data", folder, "--clicks", "1", "--split", "val", "--json"];
    const { status, out, err } = await run(...argv);
    expect([status, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ leftOut: [{ code: "IMAGE_UNREADABLE", count: 1 }] }),
    ]);
    expect(err).toContain("1 of 20 cases are left out (IMAGE_UNREADABLE 1)");
    expect(err).not.toContain("p000");
    const shown = await runWith({ terminal: true }, ...argv);
    expect(shown.err).toContain(`IMAGE_UNREADABLE ${image("p000")}`);
    expect((await run(...argv, "--tolerance", "0")).err).toContain("more than the tolerance of 0 %");
  });
});
