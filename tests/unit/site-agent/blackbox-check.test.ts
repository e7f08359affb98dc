import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROBE_QUERIES, SCENE_SIZE } from "@fedbaps/core/blackbox/probe.js";
import { readMask } from "@fedbaps/core/image/read.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { run, runWith } from "../../support/command-line.js";
import { type InferenceServer, startInferenceServer } from "../../support/inference-server.js";
import { phantomSite } from "../../support/phantom-site.js";
import { BUNDLED_FILE } from "../../support/served-model.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let server: InferenceServer;
let spec = "";
beforeAll(async () => {
  server = await startInferenceServer({ models: { seg: BUNDLED_FILE } });
  spec = `oip:${server.modelUrl("seg")}`;
});
afterAll(() => server.close());

const check = async (...argv: string[]) =>
  run("blackbox", "check", ...argv, "--home", join(await temporaryFolder(), "none"));

describe("blackbox check", () => {
  it("prints one document with what was promised, and the mask if asked", async () => {
    const mask = join(await temporaryFolder(), "mask.png");
    const { status, out, err } = await check("bundled", "--json", "--mask", mask);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      family: "promptable",
      identity: expect.stringMatching(/^[0-9a-f]{64}$/),
      inputs: [
        { name: "image", type: "float32", shape: [null, 3, 128, 128] },
        { name: "point_coords", type: "float32", shape: [null, null, 2] },
        { name: "point_labels", type: "float32", shape: [null, null] },
      ],
      outputs: [{ name: "masks", type: "float32" }],
      prompts: ["point", "box"],
      nativeSize: { width: 128, height: 128 },
      remote: null,
      queries: PROBE_QUERIES,
      msPerImage: { 1: expect.any(Number), 8: expect.any(Number) },
    });
    expect(JSON.parse(out).drawnDice).toBeGreaterThan(0.9);
    const { width, height } = await readMask(mask);
    expect({ width, height }).toEqual(SCENE_SIZE);
  });

  it("says the same to a person", async () => {
    const { status, out } = await check("bundled");
    expect(status).toBe(0);
    for (const words of ["ok: bundled", "family", "identity", "image float32 [?,3,128,128]", "native size 128 x 128"])
      expect(out).toContain(words);
  });

  it("asks a server as often as it says, and tells where images go", async () => {
    const before = server.counts.images;
    const { status, out, err } = await check(spec, "--json");
    expect(err).toBe("");
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, remote: server.url, queries: PROBE_QUERIES, concurrency: 4 });
    expect(server.counts.images - before).toBe(PROBE_QUERIES);
  });

  it.each<[string, string[], string, RegExp]>([
    [
      "no such file",
      ["onnx:/nowhere/model.onnx"],
      "BLACKBOX_FILE",
      /cannot read the black box \/nowhere\/model\.onnx: there is no such file/,
    ],
    ["a pair of one", ["sam-onnx:a.onnx"], "BLACKBOX_UNKNOWN", /sam-onnx:ENCODER,DECODER/],
    ["another word", ["tensorrt:x"], "BLACKBOX_UNKNOWN", /unknown black box "tensorrt:x"/],
    ["no server", ["oip:http://127.0.0.1:9/v2/models/x#retries=0"], "BLACKBOX_UNREACHABLE", /127\.0\.0\.1:9/],
    [
      "a host that the policy does not name",
      ["oip:https://models.example.org/v2/models/x"],
      "BLACKBOX_REFUSED",
      /policy\.yaml must name models\.example\.org under blackboxHosts/,
    ],
    [
      "one graph as a pair",
      [`sam-onnx:${BUNDLED_FILE},${BUNDLED_FILE}`],
      "BLACKBOX_CONTRACT",
      /Found encoder: image float32 \[\?,3,128,128\].*Expected/,
    ],
  ])("says in one line what is wrong: %s", async (_, argv, code, words) => {
    const { status, out, err } = await check(...argv, "--json");
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, code, error: expect.stringMatching(words) });
    expect(err).toMatch(/^fedbaps-site: .*\n$/);
    expect(err).toMatch(words);
  });

  it("takes the black box of site.yaml, the hosts of policy.yaml and the token of the environment", async () => {
    const home = await temporaryFolder();
    expect((await run("init", "--home", home, "--site", "ward-7", "--blackbox", spec)).status).toBe(0);
    server.behaviour.token = "s3cret-token";
    try {
      const without = await run("blackbox", "check", "--home", home);
      expect(without).toMatchObject({ status: 1, err: expect.stringContaining("token") });
      const env = { FEDBAPS_BLACKBOX_TOKEN: "s3cret-token" };
      const given = await runWith({ env }, "blackbox", "check", "--home", home, "--json");
      expect(given.status).toBe(0);
      expect(given.out + given.err + without.err).not.toContain("s3cret-token");
    } finally {
      server.behaviour.token = undefined;
    }
    const policy = join(home, "policy.yaml");
    expect(await readFile(policy, "utf8")).toContain("blackboxHosts: []");
    await writeFile(policy, "blackboxHosts: [not-there.invalid]\n");
    const allowed = await run(
      "blackbox",
      "check",
      "oip:https://not-there.invalid/v2/models/x#retries=0",
      "--home",
      home,
    );
    expect(allowed).toMatchObject({ status: 1, err: expect.stringMatching(/not-there\.invalid/) });
    expect(allowed.err).not.toContain("policy");
  });
});

describe("evaluate", () => {
  it("measures with clicks, with several points in a prompt and with boxes, and pays for no answer twice", async () => {
    const data = await phantomSite({ images: 15 });
    const answers = join(await temporaryFolder(), "answers");
    const home = join(await temporaryFolder(), "none");
    const common = ["evaluate", "--home", home, "--data", data, "--blackbox", spec, "--split", "all", "--json"];
    const measure = async (...argv: string[]) => JSON.parse((await run(...common, ...argv)).out);
    const before = server.counts.images;
    const first = await measure("--clicks", "1", "--answer-cache", answers);
    const points = await measure("--clicks", "1", "--points", "5");
    const box = await measure("--box");
    expect(first).toMatchObject({ images: 15, prompt: "clicks", clicks: 1, points: 1, queries: 15, adapted: false });
    expect(points).toMatchObject({ points: 5, queries: 15 });
    expect(box).toMatchObject({ prompt: "box", clicks: 0, queries: 15 });
    expect(box.dice).toBeGreaterThan(first.dice);
    expect(server.counts.images - before).toBe(45);
    const again = await measure("--clicks", "1", "--answer-cache", answers);
    expect(server.counts.images - before).toBe(45);
    expect(again).toEqual({ ...first, queries: 0 });
    const refused = await run(...common, "--box", "--adapted", "decoder.safetensors");
    expect(refused).toMatchObject({ status: 2, err: expect.stringContaining("--adapted goes without --box") });
  });
});
