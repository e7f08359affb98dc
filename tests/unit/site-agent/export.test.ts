import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BUNDLED_MODEL_FILE } from "@fedbaps/core/blackbox/open.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { type DecoderProvenance, loadDecoder, saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { readModelMetadata } from "@fedbaps/core/export/model-file.js";
import { studyHash } from "@fedbaps/core/wire/study.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { saveOffers } from "@fedbaps/site-agent/offers.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { describe, expect, it } from "@jest/globals";
import { run } from "../../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { trainedDecoder } from "../../support/trained-decoder.js";
import { makeStudy } from "./make-runner.js";

removeTemporaryFolders();

const NAMES = ["decoder.safetensors", "how-to-use.md", "visual-prompt.onnx"];
const sizing = { geometry: "longest-side", nativeSize: { width: 256, height: 256 } } as const;
const meter = { train: 0, validate: 0, report: 0, seconds: 0, failures: 0, latency: {} };
const bundledIdentity = async () => sha256Hex(await readFile(BUNDLED_MODEL_FILE));

/** A folder with a decoder's file and an empty home. */
async function decoderFile(changes: Partial<DecoderProvenance> = {}) {
  const folder = await temporaryFolder();
  const { theta, provenance } = await trainedDecoder("filter-bank");
  const file = join(folder, "in.safetensors");
  await saveDecoder(file, theta, { ...provenance, blackbox: "onnx:/data/secret/seg.onnx", sizing, ...changes });
  return { file, out: join(folder, "out"), home: join(folder, "home"), theta };
}

/** A home in which a study has got as far as `reported`, with these validation Dice of zero-shot and of version 2. */
async function studyHome({ zeroShot, adapted, reported }: { zeroShot: number; adapted: number; reported: boolean }) {
  const folder = await temporaryFolder();
  const home = new Home(join(folder, "home"));
  await mkdir(home.folder);
  const spec = makeStudy({ name: "lesions", seed: 9, decoder: "filter-bank" });
  const hash = studyHash(spec);
  await saveOffers(home, [{ spec, hash }]);
  const store = await StudyStore.open(home, "lesions", hash);
  const { theta } = await trainedDecoder("filter-bank", 3);
  const identity = await bundledIdentity();
  await store.record({ kind: "material", train: 3, val: 1, test: 1, blackbox: identity });
  // Fewer images could not show that a version is better.
  const scores = (dice: number) => Array.from({ length: 6 }, (_, id) => ({ id, dice, iou: dice }));
  for (const [version, dice] of [zeroShot, adapted].entries())
    await store.record({ kind: "validated", version: 2 * version, scores: scores(dice), meter });
  await store.saveVersion(2, theta);
  const deployed = adapted > zeroShot;
  const provenance = {
    decoder: "filter-bank",
    blackbox: "bundled",
    blackboxIdentity: identity,
    study: "lesions",
  } as const;
  if (reported && deployed)
    await saveDecoder(join(store.folder, "decoder.safetensors"), theta, { ...provenance, version: 2, seed: 9 });
  const report = { study: "lesions", deployed, queries: 5, blackboxSeconds: 1, version: deployed ? 2 : 0 };
  if (reported) await store.record({ kind: "reported", report });
  return { home: home.folder, out: join(folder, "out"), theta };
}

describe("export of a decoder's file", () => {
  it("writes the three files and one JSON document; the parameters are the same", async () => {
    const { file, out, home, theta } = await decoderFile();
    const ran = await run("export", "--home", home, "--decoder", file, "--out", out, "--json");
    expect(ran).toMatchObject({ status: 0, err: "" });
    const printed = JSON.parse(ran.out);
    expect(printed).toMatchObject({
      out,
      study: "polyps",
      version: 12,
      deployed: true,
      decoder: "filter-bank",
      decoderParameters: theta.length,
      blackbox: { name: "onnx:seg.onnx", ...sizing },
    });
    expect(printed.agreement.worst).toBeLessThan(1e-3);
    expect(printed.agreement.pictures.length).toBeGreaterThan(4);
    expect((await readdir(out)).sort()).toEqual(NAMES);
    for (const { file: written, bytes, sha256 } of printed.files) {
      const content = await readFile(written);
      expect([content.length, sha256Hex(content)]).toEqual([bytes, sha256]);
      // Nothing of this machine's folders is in any file.
      expect(content.includes("secret") || content.includes(home)).toBe(false);
    }
    const loaded = await loadDecoder(join(out, "decoder.safetensors"));
    expect([...loaded.theta]).toEqual([...theta]);
    const graph = readModelMetadata(await readFile(join(out, "visual-prompt.onnx")));
    expect(graph.get("blackbox")).toBe("onnx:seg.onnx");
    expect(graph.get("geometry")).toBe("longest-side");
  });

  it("replaces an earlier export, and nothing of anybody else's unless told to", async () => {
    const { file, out, home } = await decoderFile();
    const argv = ["export", "--home", home, "--decoder", file, "--out", out];
    await mkdir(out);
    // Of an earlier export.
    await writeFile(join(out, "decoder.safetensors"), await readFile(file));
    expect((await run(...argv)).status).toBe(0);
    const foreign = join(out, "visual-prompt.onnx");
    await writeFile(foreign, "mine");
    const refused = await run(...argv);
    expect(refused).toMatchObject({ status: 1, out: "", err: expect.stringContaining(foreign) });
    expect(refused.err).toMatch(/^fedbaps-site: .*--force\n$/);
    expect(await readFile(foreign, "utf8")).toBe("mine");
    expect((await run(...argv, "--force")).status).toBe(0);
    expect((await readFile(foreign)).length).toBeGreaterThan(100_000);
  });

  it("of an earlier version asks the black box for its size, if it is the right one", async () => {
    const { theta, provenance } = await trainedDecoder("filter-bank");
    const { file, out, home } = await decoderFile();
    await saveDecoder(file, theta, { ...provenance, blackboxIdentity: await bundledIdentity() });
    const argv = ["export", "--home", home, "--decoder", file, "--out", out, "--json"];
    const ran = await run(...argv);
    expect(JSON.parse(ran.out).blackbox).toMatchObject({ name: "bundled", geometry: "stretch" });
    expect((await loadDecoder(join(out, "decoder.safetensors"))).provenance.sizing).toMatchObject({
      geometry: "stretch",
    });
    await saveDecoder(file, theta, provenance);
    expect(await run(...argv)).toMatchObject({ status: 2, err: expect.stringContaining("--blackbox SPEC") });
    const named = await run(...argv, "--blackbox", "bundled");
    expect(named).toMatchObject({ status: 0, err: expect.stringContaining("another black box") });
    // The file goes on saying which black box it was made for, and not another's size.
    const again = (await loadDecoder(join(out, "decoder.safetensors"))).provenance;
    expect(again).toEqual(provenance);
  });

  it("that draws nothing is refused, unless it is wanted anyway", async () => {
    const { file, out, home } = await decoderFile({ version: 0 });
    const argv = ["export", "--home", home, "--decoder", file, "--out", out];
    expect(await run(...argv)).toMatchObject({ status: 1, err: expect.stringContaining("--anyway") });
    await expect(readdir(out)).rejects.toThrow();
    const anyway = await run(...argv, "--anyway", "--json");
    expect(JSON.parse(anyway.out)).toMatchObject({ deployed: false, version: 0 });
  });
});

describe("export of a study", () => {
  it("is of the version that the site uses; the study that finished last needs no name", async () => {
    const { home, out, theta } = await studyHome({ zeroShot: 0.5, adapted: 0.6, reported: true });
    const ran = await run("export", "--home", home, "--out", out);
    expect(ran).toMatchObject({ status: 0, err: "" });
    expect(ran.out).toMatch(/version 2 of the study lesions.*0\.600.*0\.500/);
    expect(ran.out).toMatch(/visual-prompt\.onnx +\d+ kB/);
    expect([...(await loadDecoder(join(out, "decoder.safetensors"))).theta]).toEqual([...theta]);
  });

  it.each([
    ["stays zero-shot", { zeroShot: 0.6, adapted: 0.5, reported: true }, /no version .* better than zero-shot/],
    ["is not over", { zeroShot: 0.5, adapted: 0.6, reported: false }, /no result here yet/],
  ])("that %s says so; --anyway exports the newest version", async (_, progress, words) => {
    const { home, out, theta } = await studyHome(progress);
    const argv = ["export", "--home", home, "--study", "lesions", "--out", out];
    const refused = await run(...argv);
    expect(refused).toMatchObject({ status: 1, out: "", err: expect.stringMatching(words) });
    expect(refused.err).toContain("--anyway");
    const ran = await run(...argv, "--anyway");
    expect(ran).toMatchObject({ status: 0, err: expect.stringContaining("does not use") });
    const { theta: written, provenance } = await loadDecoder(join(out, "decoder.safetensors"));
    expect([...written]).toEqual([...theta]);
    expect(provenance).toMatchObject({ study: "lesions", version: 2, seed: 9, blackbox: "bundled" });
  });
});

describe("export that cannot be done", () => {
  it.each([
    [["--study", "lesions", "--decoder", "x.safetensors"], 2, /give one of them/],
    [["--study", "../other"], 2, /lower-case/],
    [["--study", "unheard-of"], 1, /holds no study unheard-of/],
    [["--decoder", "missing.safetensors"], 1, /missing\.safetensors/],
    [[], 2, /--decoder FILE/],
  ])("%j is a plain line", async (argv, status, words) => {
    const folder = await temporaryFolder();
    const ran = await run("export", "--home", join(folder, "home"), "--out", join(folder, "out"), ...argv);
    expect(ran).toMatchObject({ status, out: "" });
    expect(ran.err).toMatch(words);
    expect(ran.err.trim().split("\n")).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it("a file in the place of the folder is a plain line", async () => {
    const { file, home } = await decoderFile();
    const ran = await run("export", "--home", home, "--decoder", file, "--out", file);
    expect(ran).toMatchObject({
      status: 1,
      out: "",
      err: expect.stringMatching(/^fedbaps-site: --out .*: a file is where the folder should be/),
    });
    expect((await loadDecoder(file)).provenance.version).toBe(12);
  });
});
