import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { OnnxGraph } from "@fedbaps/core/blackbox/onnx-session.js";
import type { Tensors } from "@fedbaps/core/blackbox/tensor.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { type Behaviour, type InferenceServer, startInferenceServer } from "../../support/inference-server.js";
import { sameBits } from "../../support/numbers.js";
import { onnxFile } from "../../support/onnx-graph.js";
import { BUNDLED_FILE, bundledFeeds, openServed } from "../../support/served-model.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

/** A graph with an input and an output of each type, each output its input. */
const TYPES = { float: 1, half: 10, byte: 2, int: 6, long: 7 };
const typesGraph = () => {
  const tensors = (end: string) =>
    Object.entries(TYPES).map(([name, type]) => ({ name: `${name}_${end}`, type, shape: ["B", 2] }));
  const nodes = Object.keys(TYPES).map((name) => ({
    operator: "Identity",
    inputs: [`${name}_in`],
    outputs: [`${name}_out`],
  }));
  return onnxFile({ nodes, inputs: tensors("in"), outputs: tensors("out") });
};

let server: InferenceServer;
let standard: Behaviour;
beforeAll(async () => {
  const types = join(await temporaryFolder(), "types.onnx");
  await writeFile(types, typesGraph());
  server = await startInferenceServer({ models: { seg: BUNDLED_FILE, "lung + heart/1": BUNDLED_FILE, types } });
  standard = { ...server.behaviour };
});
beforeEach(() => {
  Object.assign(server.behaviour, standard, { faults: [], metadata: {} });
});
afterAll(() => server.close());

describe("the answers of a model on a server", () => {
  it.each(["json", "binary"] as const)("by %s have the same bits as those of the same graph here", async (encoding) => {
    const feeds = bundledFeeds(3);
    // The sign of zero travels too.
    (feeds.image.data as Float32Array).set([-0, 0, -1e-30], 100);
    const local = await OnnxGraph.open(BUNDLED_FILE, "local");
    const expected = await local.run(feeds, ["masks"]);
    const binaries = server.counts.binary;
    const graph = await openServed(server.modelUrl("seg"), { settings: { encoding } });
    const answer = await graph.run(feeds, ["masks"]);
    expect([graph.encoding, server.counts.binary - binaries]).toEqual([encoding, encoding === "binary" ? 1 : 0]);
    expect(Object.keys(answer)).toEqual(["masks"]);
    expect([answer.masks.type, answer.masks.shape]).toEqual(["float32", [3, 1, 128, 128]]);
    expect(sameBits(answer.masks.data, expected.masks.data)).toBe(true);
    await graph.close();
    await local.close();
  });

  it("keep every element type", async () => {
    const feeds: Tensors = {
      float_in: { type: "float32", shape: [1, 2], data: Float32Array.of(Number.NaN, -0) },
      half_in: { type: "float16", shape: [1, 2], data: Uint16Array.of(0x3c00, 0xfbff) },
      byte_in: { type: "uint8", shape: [1, 2], data: Uint8Array.of(0, 255) },
      int_in: { type: "int32", shape: [1, 2], data: Int32Array.of(-(2 ** 31), 7) },
      long_in: { type: "int64", shape: [1, 2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 62n + 1n) },
    };
    const names = Object.keys(feeds).map((name) => name.replace("_in", "_out"));
    const graph = await openServed(server.modelUrl("types"));
    const answer = await graph.run(feeds, names);
    for (const [name, { type, shape, data }] of Object.entries(feeds)) {
      const found = answer[name.replace("_in", "_out")];
      expect([found.type, found.shape]).toEqual([type, shape]);
      expect(sameBits(found.data, data)).toBe(true);
    }
    await graph.close();
  });
});

describe("what a model on a server says of itself", () => {
  it("is its tensors, platform and version, and where images go", async () => {
    const graph = await openServed(server.modelUrl("seg"));
    expect(graph.inputs).toEqual([
      { name: "image", type: "float32", shape: [undefined, 3, 128, 128] },
      { name: "point_coords", type: "float32", shape: [undefined, undefined, 2] },
      { name: "point_labels", type: "float32", shape: [undefined, undefined] },
    ]);
    expect(graph.outputs).toEqual([{ name: "masks", type: "float32", shape: [undefined, 1, 128, 128] }]);
    expect(graph).toMatchObject({
      name: `oip:${server.modelUrl("seg")}`,
      remote: server.url,
      platform: "onnxruntime_onnx",
      version: "1",
      encoding: "binary",
      concurrency: 4,
    });
    expect(graph.notes).toEqual([expect.stringContaining("weights")]);
    await graph.close();
  });

  it("has types that we do not have under their own names", async () => {
    server.behaviour.metadata = {
      platform: null,
      versions: undefined,
      inputs: ["BF16", "BOOL", "BYTES", "FP64", "FP16"].map((datatype) => ({ name: datatype, datatype, shape: [-1] })),
      outputs: null,
    };
    const graph = await openServed(server.modelUrl("seg"));
    expect(graph.inputs.map(({ type }) => type)).toEqual(["bf16", "bool", "bytes", "fp64", "float16"]);
    expect([graph.outputs, graph.platform, graph.version]).toEqual([[], undefined, undefined]);
    await graph.close();
  });

  it("is its identity, with the address", async () => {
    const identityOf = async (url: string) => {
      const graph = await openServed(url);
      await graph.close();
      return graph.identity;
    };
    const url = server.modelUrl("seg");
    const identity = await identityOf(url);
    expect(identity).toMatch(/^[0-9a-f]{64}$/);
    expect(await identityOf(url)).toBe(identity);
    expect(await identityOf(url.replace("models/seg", "models/s%65g"))).toBe(identity);
    expect(await identityOf(`${url}/versions/1`)).not.toBe(identity);
    expect(await identityOf(url.replace("127.0.0.1", "localhost"))).not.toBe(identity);
    server.behaviour.metadata = { versions: ["1", "2"] };
    expect(await identityOf(url)).not.toBe(identity);
  });

  it("is found under names that need encoding, and by version", async () => {
    for (const url of [
      server.modelUrl("lung + heart/1"),
      `${server.url}/v2/models/lung + heart%2F1`,
      `${server.modelUrl("seg")}/versions/1`,
    ]) {
      const graph = await openServed(url);
      expect((await graph.run(bundledFeeds(1), ["masks"])).masks.shape).toEqual([1, 1, 128, 128]);
      await graph.close();
    }
  });

  it("is found below a path", async () => {
    const below = await startInferenceServer({ models: { seg: BUNDLED_FILE }, prefix: "/gpu/7" });
    const graph = await openServed(below.modelUrl("seg"));
    expect([graph.notes.length, await graph.ready()]).toEqual([1, true]);
    await graph.close();
    await below.close();
  });

  it.each<[string, Record<string, unknown>]>([
    ["tensors without a shape", { inputs: [{ name: "image", datatype: "FP32" }] }],
    ["a shape of text", { inputs: [{ name: "image", datatype: "FP32", shape: ["-1", "3"] }] }],
    ["a size below -1", { outputs: [{ name: "masks", datatype: "FP32", shape: [-2] }] }],
    ["half a size", { outputs: [{ name: "masks", datatype: "FP32", shape: [1.5] }] }],
    ["tensors that are none", { inputs: "image" }],
    ["tensors without end", { inputs: new Array(300).fill({ name: "image", datatype: "FP32", shape: [1] }) }],
  ])("with %s is refused", async (_, metadata) => {
    server.behaviour.metadata = metadata;
    const error = await thrownBy(() => openServed(server.modelUrl("seg")));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringContaining("/v2/models/seg") });
  });
});

describe("opening", () => {
  it("asks the protocol's questions and sends no image", async () => {
    const before = { ...server.counts.at };
    const graph = await openServed(server.modelUrl("seg"));
    const asked = Object.entries(server.counts.at).map(([name, count]) => [name, count - before[name as "infer"]]);
    expect(Object.fromEntries(asked)).toEqual({
      live: 0,
      serverReady: 1,
      server: 1,
      model: 1,
      modelReady: 1,
      config: 1,
      infer: 0,
    });
    await graph.close();
  });

  it("goes on where the server as a whole is not ready, with a note", async () => {
    server.behaviour.ready = false;
    const graph = await openServed(server.modelUrl("seg"));
    expect(graph.notes).toContainEqual(expect.stringContaining("ready"));
    expect(await graph.ready()).toBe(false);
    server.behaviour.ready = true;
    expect(await graph.ready()).toBe(true);
    server.behaviour.modelReady = false;
    expect(await graph.ready()).toBe(false);
    await graph.close();
  });

  it("ends where the model is not ready, with advice", async () => {
    server.behaviour.modelReady = false;
    expect(await thrownBy(() => openServed(server.modelUrl("seg")))).toMatchObject({
      code: "BLACKBOX_UNREACHABLE",
      message: expect.stringMatching(/\/v2\/models\/seg is not ready.*try again/),
    });
    server.behaviour.modelReady = true;
    server.behaviour.faults = [{ kind: "status", status: 200, body: '{"name":"seg","ready":false}', at: "modelReady" }];
    expect(await codeOf(() => openServed(server.modelUrl("seg")))).toBe("BLACKBOX_UNREACHABLE");
    server.behaviour.faults = [{ kind: "status", status: 503, body: "", at: "modelReady" }];
    expect(await codeOf(() => openServed(server.modelUrl("seg")))).toBe("BLACKBOX_UNREACHABLE");
  });

  it("takes an empty answer, or a server without the question, for ready", async () => {
    for (const status of [200, 405, 501]) {
      server.behaviour.faults = [{ kind: "status", status, body: "", at: "modelReady" }];
      await (await openServed(server.modelUrl("seg"))).close();
    }
  });

  it("ends at a model that the server does not know, with its path and the server's words", async () => {
    const error = await thrownBy(() => openServed(server.modelUrl("nobody")));
    expect(error).toMatchObject({ code: "BLACKBOX_REFUSED" });
    for (const part of ["/v2/models/nobody", "404", "unknown model: 'nobody'"])
      expect((error as Error).message).toContain(part);
  });

  it("ends at the signal before anything is sent", async () => {
    const { connections } = server.counts;
    const reason = new Error("not now");
    expect(await thrownBy(() => openServed(server.modelUrl("seg"), { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
    expect(server.counts.connections).toBe(connections);
  });
});

describe("the batch", () => {
  it.each([
    [16, {}, 8],
    [4, {}, 4],
    [4, { batch: "3" }, 3],
    [16, { batch: "12" }, 12],
    [0, {}, undefined],
    [0, { batch: "5" }, 5],
    [undefined, {}, undefined],
    [undefined, { batch: "5" }, 5],
  ])("of a server that takes %j with %j is %j", async (maxBatchSize, settings, expected) => {
    server.behaviour.maxBatchSize = maxBatchSize;
    const graph = await openServed(server.modelUrl("seg"), { settings });
    expect(graph.maxBatch).toBe(expected);
    await graph.close();
  });

  it("is refused above what the server takes, with that number", async () => {
    server.behaviour.maxBatchSize = 4;
    const error = await thrownBy(() => openServed(server.modelUrl("seg"), { settings: { batch: "5" } }));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringMatching(/batch=5.*4/) });
  });

  it("above what the server takes comes back refused, in the server's words, and not again", async () => {
    server.behaviour.maxBatchSize = 2;
    const graph = await openServed(server.modelUrl("seg"));
    const before = server.counts.at.infer;
    const error = await thrownBy(() => graph.run(bundledFeeds(3), ["masks"]));
    expect(error).toMatchObject({
      code: "BLACKBOX_REFUSED",
      message: expect.stringContaining("batch-size must be <= 2"),
    });
    expect(server.counts.at.infer - before).toBe(1);
    await graph.close();
  });

  it.each([400, 403, 404, 405, 501])("is not asked for further where a server answers %i", async (status) => {
    server.behaviour.maxBatchSize = 4;
    server.behaviour.faults = [{ kind: "status", status, at: "config" }];
    const graph = await openServed(server.modelUrl("seg"));
    expect(graph.maxBatch).toBeUndefined();
    await graph.close();
  });
});

describe("the encoding", () => {
  it("is JSON where the server has no binary extension, with a note; a setting has the last word", async () => {
    server.behaviour.extensions = ["model_configuration"];
    const plain = await openServed(server.modelUrl("seg"));
    expect([plain.encoding, plain.notes]).toEqual(["json", expect.arrayContaining([expect.stringContaining("JSON")])]);
    await plain.close();
    const forced = await openServed(server.modelUrl("seg"), { settings: { encoding: "binary" } });
    expect([forced.encoding, forced.notes.length]).toEqual(["binary", 1]);
    await forced.close();
    server.behaviour.faults = [{ kind: "status", status: 404, at: "server" }];
    const unknown = await openServed(server.modelUrl("seg"));
    expect(unknown.encoding).toBe("json");
    await unknown.close();
  });

  it("must be binary for float16: at opening where it cannot be avoided, else when it is wanted", async () => {
    const tensor = (name: string, datatype: string) => ({ name, datatype, shape: [-1, 2] });
    const open = (inputs: string[], outputs: string[]) => {
      server.behaviour.metadata = {
        inputs: inputs.map((datatype, i) => tensor(`in${i}`, datatype)),
        outputs: outputs.map((datatype, i) => tensor(`out${i}`, datatype)),
      };
      return openServed(server.modelUrl("types"), { settings: { encoding: "json" } });
    };
    for (const [inputs, outputs] of [
      [["FP32", "FP16"], ["FP32"]],
      [["FP32"], ["FP16"]],
    ]) {
      const error = await thrownBy(() => open(inputs, outputs));
      expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringContaining("encoding=binary") });
    }
    const graph = await open(["FP32"], ["FP32", "FP16"]);
    const before = server.counts.at.infer;
    expect(await codeOf(() => graph.run({}, ["out1"]))).toBe("BLACKBOX_CONTRACT");
    expect(server.counts.at.infer).toBe(before);
    await graph.close();
  });
});

describe("the policy", () => {
  // Another name of this machine that is not a loopback address: what goes there arrives here.
  const elsewhere = () => server.modelUrl("seg").replace("127.0.0.1", "0.0.0.0");
  const origin = () => new URL(elsewhere()).origin;

  it("keeps everything here where it does not name the host: no connection is made", async () => {
    const { connections } = server.counts;
    for (const allowedHosts of [[], [new URL(elsewhere()).host], ["0.0.0.0"], [origin().replace("http:", "https:")]])
      expect(await codeOf(() => openServed(elsewhere(), { allowedHosts }))).toBe("BLACKBOX_REFUSED");
    expect(server.counts.connections).toBe(connections);
  });

  it("lets plain http through where it names the whole origin", async () => {
    const graph = await openServed(elsewhere(), { allowedHosts: [origin()] });
    expect((await graph.run(bundledFeeds(1), ["masks"])).masks.shape).toEqual([1, 1, 128, 128]);
    expect(graph.remote).toBe(origin());
    await graph.close();
  });

  it("lets no token through by plain http: no connection is made", async () => {
    const { connections } = server.counts;
    const env = { FEDBAPS_BLACKBOX_TOKEN: "tok.secret-1" };
    const error = await thrownBy(() => openServed(elsewhere(), { allowedHosts: [origin()], env }));
    expect(error).toMatchObject({ code: "BLACKBOX_REFUSED", message: expect.stringContaining("https") });
    expect(inspect(error)).not.toContain("tok.secret-1");
    expect(server.counts.connections).toBe(connections);
  });

  it("comes before settings are acted on, and a wrong address before the policy", async () => {
    const missing = { "token-file": "/nowhere/token" };
    expect(await codeOf(() => openServed(elsewhere(), { settings: missing }))).toBe("BLACKBOX_REFUSED");
    expect(await codeOf(() => openServed(`${elsewhere()}/infer`))).toBe("BLACKBOX_UNKNOWN");
    expect(await codeOf(() => openServed(elsewhere(), { settings: { tls: "off" } }))).toBe("BLACKBOX_UNKNOWN");
  });
});

describe("the token", () => {
  const secret = "tok.secret+1/2==";

  it("is sent with every request, from the file or the environment", async () => {
    server.behaviour.token = secret;
    const file = join(await temporaryFolder(), "token");
    await writeFile(file, `${secret}\n`);
    for (const init of [{ settings: { "token-file": file } }, { env: { FEDBAPS_BLACKBOX_TOKEN: secret } }]) {
      const graph = await openServed(server.modelUrl("seg"), init);
      await graph.run(bundledFeeds(1), ["masks"]);
      expect(inspect(graph, { depth: null, showHidden: true })).not.toContain(secret);
      expect(JSON.stringify(graph)).not.toContain(secret);
      await graph.close();
    }
    expect(server.authorizations).toEqual(new Set([`Bearer ${secret}`]));
  });

  it("that is missing or wrong ends in advice, and is not shown even where the server says it", async () => {
    server.behaviour.token = "another";
    const wrong = await thrownBy(() => openServed(server.modelUrl("seg"), { env: { FEDBAPS_BLACKBOX_TOKEN: secret } }));
    expect(wrong).toMatchObject({
      code: "BLACKBOX_REFUSED",
      message: expect.stringContaining("no entry with Bearer ***"),
    });
    expect(inspect(wrong, { depth: null, showHidden: true })).not.toContain(secret);
    const none = await thrownBy(() => openServed(server.modelUrl("seg")));
    expect(none).toMatchObject({ code: "BLACKBOX_REFUSED", message: expect.stringMatching(/token-file.*FEDBAPS_/) });
  });
});

describe("closing", () => {
  it("waits for calls under way, may be done twice, and is the end", async () => {
    const graph = await openServed(server.modelUrl("seg"), { settings: { concurrency: "1" } });
    let open = () => {};
    server.behaviour.gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const running = [graph.run(bundledFeeds(1), ["masks"]), graph.run(bundledFeeds(1), ["masks"])];
    const closing = [graph.close(), graph.close()];
    expect(await codeOf(() => graph.run(bundledFeeds(1), ["masks"]))).toBe("BLACKBOX_CLOSED");
    open();
    for (const answer of await Promise.all(running)) expect(answer.masks.shape).toEqual([1, 1, 128, 128]);
    await Promise.all(closing);
    await graph.close();
    expect(await codeOf(() => graph.run(bundledFeeds(1), ["masks"]))).toBe("BLACKBOX_CLOSED");
    expect(await codeOf(() => graph.ready())).toBe("BLACKBOX_CLOSED");
  });
});
