import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packUpdate } from "@fedbaps/core/federation/update.js";
import { readImage, readMask } from "@fedbaps/core/image/read.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import { readVectors } from "@fedbaps/site-agent/vector-file.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { Federation } from "../support/federation.js";
import { LeakSearch } from "../support/leak-search.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { WebSocketTap } from "../support/websocket-tap.js";

// Promise 1 of the design: from a site go only public keys, signatures, sealed shares, masked vectors and the metrics
// that its policy allows. A whole study of real processes, every byte from the sites recorded on its way.

removeTemporaryFolders();

const SITES = ["north", "south", "west"];
const IMAGES = 15;
const CLIP = 10;

describe("what the coordinator receives in a whole study", () => {
  let federation: Federation;
  let tap: WebSocketTap;
  let search: LeakSearch;
  let bytes = 0;

  beforeAll(async () => {
    federation = await Federation.start(await temporaryFolder(), {
      sites: SITES,
      images: IMAGES,
      spec: { rounds: 2, budget: 250, clicks: 1, clip: CLIP, silenceSeconds: 60 },
      between: async (port) => {
        tap = await WebSocketTap.start(port);
        return tap.url;
      },
    });
    for (const site of SITES) federation.serve(site);
    await federation.until("completed", ({ status }) => status === "completed");
    await Promise.all([...federation.running.values()].map(({ ended }) => ended));
    const payloads = tap.payloads();
    bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    search = new LeakSearch([...payloads, ...tap.raw()]);
  }, 180_000);

  afterAll(async () => {
    await federation?.stop();
    await tap?.close();
  });

  it("is something at all: the protocol's own words and vectors are found in it", () => {
    expect(bytes).toBeGreaterThan(5000);
    for (const word of ["maskedInput", "advertisement", "unmask"])
      expect([word, search.hasText(word)]).toEqual([word, true]);
  });

  it("holds no picture: neither its file nor its pixels, as bytes or as numbers", async () => {
    for (const site of SITES) {
      const folder = join(federation.data(site), "images");
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        const { data } = await readImage(file);
        const row = [...data.subarray(0, 30)].join(",");
        expect([name, search.hasText(row)]).toEqual([name, false]);
        expect([name, search.count(await readFile(file), 12)]).toEqual([name, 0]);
        expect([name, search.count(Uint8Array.from(data), 12)]).toEqual([name, 0]);
        expect([name, search.count(bytesOf(data), 12)]).toEqual([name, 0]);
      }
    }
  });

  it("holds no mask", async () => {
    for (const site of SITES) {
      const folder = join(federation.data(site), "masks");
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        expect([name, search.count(await readFile(file), 4)]).toEqual([name, 0]);
        // The rows that cross the mask's edge are as good as a fingerprint.
        const { data, width, height } = await readMask(file);
        const rows = Array.from({ length: height }, (_, y) => data.subarray(y * width, (y + 1) * width));
        const edges = rows.filter((row) => row.includes(1)).map((row) => Buffer.from(row).toString("latin1"));
        expect([name, edges.filter((row) => search.hasText(row))]).toEqual([name, []]);
      }
    }
  });

  it("holds no file name and no path", () => {
    for (const text of ["phantom-", ".png", "images/", "masks/", federation.folder, "/homes/"])
      expect([text, search.hasText(text)]).toEqual([text, false]);
  });

  it("holds no decoder value: no parameters, no updates, in clear or merely quantised", async () => {
    let vectors = 0;
    for (const site of SITES) {
      for (const vector of await vectorsOf(join(federation.home(site), "studies"))) {
        vectors++;
        expect([site, search.count(bytesOf(vector))]).toEqual([site, 0]);
        const doubles = new Float64Array(vector);
        expect([site, search.count(new Uint8Array(doubles.buffer))]).toEqual([site, 0]);
        expect([site, decimals(vector).filter((text) => search.hasText(text))]).toEqual([site, []]);
        for (const cohortSize of [1, 3]) {
          const plain = packUpdate({
            delta: vector,
            clip: CLIP,
            images: 9,
            maxImages: 10_000,
            metrics: {},
            cohortSize,
          });
          expect([site, search.count(encodeRing(plain).subarray(0, vector.length * 4))]).toEqual([site, 0]);
        }
      }
    }
    expect(vectors).toBeGreaterThan(3 * SITES.length);
  });

  it("would be caught: a planted picture, name and update are found by the same search", async () => {
    const image = await readFile(join(federation.data("north"), "images", "phantom-0001.png"));
    const [vector] = (await vectorsOf(join(federation.home("north"), "studies"))).filter((values) =>
      values.some((v) => v !== 0),
    );
    const planted = new LeakSearch([
      Buffer.concat([Buffer.from("hello"), image.subarray(0, 200)]),
      Buffer.from(JSON.stringify({ note: "phantom-0001", update: Buffer.from(bytesOf(vector)).toString("base64") })),
    ]);
    expect(planted.count(image, 1)).toBeGreaterThan(100);
    expect(planted.hasText("phantom-")).toBe(true);
    expect(planted.count(bytesOf(vector))).toBeGreaterThan(10);
    const spoken = new LeakSearch([Buffer.from(JSON.stringify([...vector]))]);
    expect(decimals(vector).filter((text) => spoken.hasText(text)).length).toBeGreaterThan(10);
  });
});

/** The values as JSON would write them, where they have digits enough to be told from chance. */
function decimals(values: Float32Array): string[] {
  return [...values].map(String).filter((text) => text.replace(/\D/g, "").length >= 12);
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** All vectors that the agent stored: versions, updates, moments. */
async function vectorsOf(folder: string): Promise<Float32Array[]> {
  const out: Float32Array[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const read = await readVectors(join(entry.parentPath, entry.name), z.unknown());
    out.push(...(read?.vectors ?? []));
  }
  return out;
}
