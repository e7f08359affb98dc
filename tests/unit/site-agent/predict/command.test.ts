import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { evaluationClicks } from "@fedbaps/core/data/clicks.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import { saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { readMask } from "@fedbaps/core/image/read.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { type Answer, evaluate } from "@fedbaps/core/training/evaluate.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { noisyTheta } from "../../../support/cases.js";
import { run } from "../../../support/command-line.js";
import { phantomSite } from "../../../support/phantom-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";

removeTemporaryFolders();

let home: string;
let site: string;
let decoderFile: string;
let images: string[];

const predict = (...argv: string[]) => run("predict", ...argv, "--home", home);
const picture = (i: number) => join(site, "images", images[i]);

beforeAll(async () => {
  home = join(await temporaryFolder(), "none");
  site = await phantomSite({ images: 6 });
  images = (await readdir(join(site, "images"))).sort();
  const decoder = await openDecoder("filter-bank");
  const model = await openBlackBox("bundled");
  const { name: blackbox, identity: blackboxIdentity } = model.description;
  await model.close();
  decoderFile = join(await temporaryFolder(), "decoder.safetensors");
  const provenance = {
    decoder: "filter-bank",
    blackbox,
    blackboxIdentity,
    study: "lesions",
    version: 3,
    seed: 1,
  } as const;
  await saveDecoder(decoderFile, noisyTheta(decoder, 4, 2), provenance);
  await saveDecoder(`${decoderFile}.other`, noisyTheta(decoder, 4, 2), {
    ...provenance,
    blackboxIdentity: "0".repeat(64),
  });
  await saveDecoder(`${decoderFile}.untrained`, decoder.initial(1), { ...provenance, version: 0 });
});

describe("predict", () => {
  it("gives the very answers that the decoder was measured by, adapted and zero-shot", async () => {
    const { test } = await openDataset(site, { seed: 1 });
    const [sample] = test;
    const decoder = await openDecoder("filter-bank");
    const model = await openBlackBox("bundled");
    const answers: Answer[] = [];
    const init = { decoder, model, cases: new CaseCache(decoder, model.description, 1e9), clicks: 1, seed: 1 };
    for (const theta of [undefined, noisyTheta(decoder, 4, 2)])
      await evaluate({ ...init, onAnswer: (answer) => void answers.push(answer) }, [sample], theta);
    await model.close();
    const truth = await readMask(sample.mask.path);
    const [click] = evaluationClicks(truth, { seed: 1, sampleId: sample.id, clicks: 1 });
    const out = await temporaryFolder();
    const one = [sample.image.path, "--point", `${click.x},${click.y}`, "--json"];
    const plain = JSON.parse((await predict(...one, "--out", join(out, "plain"))).out);
    const adapted = JSON.parse((await predict(...one, "--decoder", decoderFile, "--out", join(out, "adapted"))).out);
    expect(plain.decoder).toEqual({ used: false, reason: expect.stringContaining("no study has finished") });
    expect(adapted.decoder).toMatchObject({ used: true, kind: "filter-bank", study: "lesions", version: 3 });
    const masks = await Promise.all(
      [join(out, "plain", plain.predictions[0].mask), join(out, "adapted", adapted.predictions[0].mask)].map(readMask),
    );
    expect(masks.map(({ data }) => [...data])).toEqual(answers.map(({ mask }) => [...mask.data]));
    expect([...masks[0].data]).not.toEqual([...masks[1].data]);
  });

  it.each([
    [["--point", "60,60", "--decoder", "FILE.other"], "zero-shot", /made for another black box \(bundled\)/],
    [["--point", "60,60", "--decoder", "FILE.other", "--force-decoder"], "adapted", /version 3 of lesions/],
    [
      ["--point", "60,60", "--decoder", "FILE.untrained"],
      "zero-shot",
      /no version was shown to be better than zero-shot/,
    ],
    [["--box", "30,30,80,80", "--decoder", "FILE"], "zero-shot", /a box was given/],
    [["--box", "30,30,80,80", "--decoder", "FILE", "--force-decoder"], "adapted", /version 3/],
    [["--point", "60,60", "--point", "70,60", "--decoder", "FILE"], "zero-shot", /2 points were given/],
    [["--point", "60,60", "--label", "0", "--decoder", "FILE"], "zero-shot", /the point is background/],
    [["--point", "60,60", "--zero-shot"], "zero-shot", /was asked for/],
  ])("with %j it answers %s, and says why", async (flags, used, why) => {
    const out = await temporaryFolder();
    const given = flags.map((flag) => flag.replace("FILE", decoderFile));
    const { status, out: text } = await predict(picture(0), ...given, "--out", out, "--json");
    const { predictions, queries } = JSON.parse(text);
    expect([status, queries, predictions.length]).toEqual([0, 1, 1]);
    expect(predictions[0]).toMatchObject({ decoder: used, reason: expect.stringMatching(why) });
  });

  it("works through a folder by a list: names that meet, a broken picture, and the rest kept when it is mended", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "left"));
    await mkdir(join(folder, "right"));
    const bytes = await readFile(picture(1));
    await writeFile(join(folder, "left", "scan.png"), bytes);
    await writeFile(join(folder, "right", "scan.png"), await readFile(picture(2)));
    await writeFile(join(folder, "right", "scan.tif"), bytes);
    await writeFile(join(folder, "broken.png"), "");
    await writeFile(join(folder, "notes.txt"), "no picture");
    const list = join(await temporaryFolder(), "clicks.csv");
    await writeFile(
      list,
      "image,x,y\nleft/scan.png,60,60\nright/scan.png,60,60\nright/scan.tif,50,60\nbroken.png,5,5\n",
    );
    const out = join(folder, "masks");
    const argv = [folder, "--points", list, "--out", out, "--json"];
    const first = await predict(...argv);
    expect(first.status).toBe(1);
    expect(JSON.parse(first.out)).toMatchObject({
      pictures: 4,
      segmented: 3,
      failed: 1,
      failures: [{ image: "broken.png", code: "IMAGE_UNREADABLE" }],
      predictions: [
        { image: "left/scan.png", mask: "left/scan-mask.png" },
        { image: "right/scan.png", mask: "right/scan-png-mask.png" },
        { image: "right/scan.tif", mask: "right/scan-tif-mask.png" },
      ],
    });
    expect(first.err).toMatch(/1 of 4 could not be segmented; the others are in/);
    await writeFile(join(folder, "broken.png"), bytes);
    const second = await predict(...argv);
    expect(second).toMatchObject({ status: 0, err: "" });
    // Its own masks are no pictures.
    expect(JSON.parse(second.out)).toMatchObject({ pictures: 4, segmented: 1, kept: 3, queries: 1 });
  });

  it("asks nothing before a faulty command line is put right", async () => {
    const out = join(await temporaryFolder(), "masks");
    const list = join(await temporaryFolder(), "clicks.csv");
    await writeFile(list, "a.png,1,1\nphantom-0001,5,5\nb.png,1,1\n");
    for (const [argv, words] of [
      [[picture(0)], /where is it\?/],
      [[picture(0), "--point", "1"], /give x,y/],
      [[picture(0), "--box", "1,1,1,5"], /box is a line/],
      [[picture(0), "--point", "1,1", "--label", "2"], /give 1 \(foreground\) or 0/],
      [[picture(0), "--point", "1,1", "--label", "1", "--label", "0"], /2 labels for 1 points/],
      [[picture(0), "--point", "1,1", "--points", list], /not both/],
      [[picture(0), "--point", "1,1", "--zero-shot", "--decoder", "x"], /give one of/],
      [[join(site, "nowhere.png"), "--point", "1,1"], /no such file or folder/],
      [[picture(0), "--point", "160,5"], /160,5 is outside of the picture of 160 x 128/],
      [
        [join(site, "images"), "--points", list],
        /line 1: no picture is called a\.png, line 3: no picture is called b\.png/,
      ],
      // Of one picture, the list may have others besides.
      [[picture(1), "--points", list], /holds no prompt for phantom-0002\.png/],
      [[site, "--point", "1,1", "--out", site], /is the folder of the pictures/],
    ] as const) {
      const { status, err } = await predict(...argv, ...(argv.includes("--out") ? [] : ["--out", out]));
      expect([argv, status, err]).toEqual([argv, 2, expect.stringMatching(words)]);
      expect(err.trimEnd().split("\n").length).toBeLessThan(3);
    }
    // Nor is a folder made for nothing.
    expect(existsSync(out)).toBe(false);
    // As a spreadsheet saves it.
    await writeFile(list, Buffer.from("\uFEFFimage\tx\ty\r\nü.png\t1\t1\r\nphantom-0001\t5\t5\r\n", "utf16le"));
    expect(await predict(picture(0), "--points", list, "--out", out)).toMatchObject({ status: 0, err: "" });
    expect(await predict(picture(0), "--point", "1,1", "--study", "unknown", "--out", out)).toMatchObject({
      status: 1,
    });
  });
});
