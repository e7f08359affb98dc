import { readdir, readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { openDatabase } from "@fedbaps/coordinator/store/database.js";
import { asBytes, toBase64, toHex } from "@fedbaps/core/common/bytes.js";
import { openSum, unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { sealedLength, updateLength } from "@fedbaps/core/federation/update.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import type { Identity } from "@fedbaps/core/secagg/keys.js";
import { decodeRing, encodeRing } from "@fedbaps/core/wire/codec.js";
import type { RoundSum } from "@fedbaps/core/wire/messages.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "kysely";
import { api, closeAgents, enrol, FakeAgent, signSites, start, until } from "../integration/coordinator-support.js";
import { plainSum } from "../protocol/parties.js";
import { codeOf } from "../support/codes.js";
import { defaultCount, defaultStudy } from "../support/default-study.js";
import { largestDifference } from "../support/numbers.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { WebSocketTap } from "../support/websocket-tap.js";

// Promise 2 of the design: in a sealed study the coordinator does not learn even the sum.

removeTemporaryFolders();

const COUNT = defaultCount;
const { clip, maxImages } = defaultStudy;
const TABLES = [
  "sites",
  "invites",
  "studies",
  "approvals",
  "rounds",
  "rosters",
  "epochs",
  "reports",
  "report_failures",
];
const names = ["a-site", "b-site", "c-site", "d-site"];

interface Study {
  status: string;
  completed: number;
  rounds: { round: number; attempt: number; phase: string; code: string | null; survivors: string[] | null }[];
}

/** Looks for runs of secrets at every place of what was recorded. */
class RunSearch {
  readonly #runs = new Map<number, Uint8Array[]>();
  readonly #starts = new Uint8Array(1 << 24);

  /** @param secrets each a list of elements of four bytes; every `elements` of them in a row are looked for. */
  constructor(secrets: readonly Uint8Array[], elements: number) {
    const width = 4 * elements;
    for (const secret of secrets)
      for (let at = 0; at + width <= secret.length; at += 4) {
        const run = secret.slice(at, at + width);
        // Zeros and other constants prove nothing.
        if (new Set(run).size < 6) continue;
        const start = run[0] | (run[1] << 8) | (run[2] << 16);
        this.#starts[start] = 1;
        this.#runs.set(start, [...(this.#runs.get(start) ?? []), run]);
      }
  }

  get size(): number {
    return [...this.#runs.values()].reduce((sum, runs) => sum + runs.length, 0);
  }

  count(recorded: readonly Uint8Array[]): number {
    let found = 0;
    for (const bytes of recorded)
      for (let at = 0; at + 3 <= bytes.length; at++) {
        const start = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
        if (this.#starts[start] === 0) continue;
        for (const run of this.#runs.get(start) ?? [])
          if (at + run.length <= bytes.length && run.every((byte, i) => bytes[at + i] === byte)) found++;
      }
    return found;
  }
}

/** What is written in base64 inside, too. */
function unfolded(recorded: readonly Uint8Array[]): Uint8Array[] {
  return recorded.flatMap((bytes) => [
    bytes,
    ...[
      ...Buffer.from(bytes)
        .toString("latin1")
        .matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g),
    ].map(([text]) => Buffer.from(text, "base64")),
  ]);
}

/** A relay that keeps what the coordinator sends; its frames are not masked. */
async function recordDownstream(port: number, into: Buffer[]): Promise<Server> {
  const server = createServer((site) => {
    const centre = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    centre.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    site.pipe(centre).pipe(site);
    const end = () => {
      if (chunks.length > 0) into.push(Buffer.concat(chunks.splice(0)));
      site.destroy();
      centre.destroy();
    };
    for (const socket of [site, centre]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function filesUnder(folder: string): Promise<Uint8Array[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))),
  );
}

/** Every row of every table: texts as they are, and bytes. */
async function rowsUnder(home: string): Promise<Uint8Array[]> {
  const { db, close } = await openDatabase({ home });
  const recorded: Uint8Array[] = [];
  for (const table of TABLES) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db);
    for (const row of rows)
      for (const value of Object.values(row))
        if (value !== null) recorded.push(value instanceof Uint8Array ? value : Buffer.from(String(value)));
  }
  await close();
  return recorded;
}

function denseDelta(site: string, round: number): Float32Array {
  const stream = new RandomStream(round, "delta", site);
  return Float32Array.from({ length: COUNT }, () => stream.between(-0.1, 0.1));
}

const end = async (url: string, token: string, name: string) =>
  until(`the end of ${name}`, async () => {
    const study = await api<Study>(url, token, "GET", `/studies/${name}`);
    return study.status === "completed" ? study : undefined;
  });

describe("all that a coordinator receives, sends and stores in a sealed study", () => {
  const sent: Buffer[] = [];
  const answers: Buffer[] = [];
  let received: Buffer[];
  let rows: Uint8Array[];
  let files: Uint8Array[];
  let everything: Uint8Array[];
  let agents: FakeAgent[];
  let history: RoundSum[];

  beforeAll(async () => {
    const home = await temporaryFolder();
    const coordinator = await start({ home });
    const token = coordinator.newAdminToken ?? "";
    const { url } = coordinator;
    const relay = await recordDownstream(Number(new URL(url).port), sent);
    const tap = await WebSocketTap.start((relay.address() as AddressInfo).port);
    const identities = await Promise.all(names.map((site) => enrol(url, token, site)));
    await signSites(url, token);
    agents = identities.map(
      (identity, i) =>
        new FakeAgent(tap.url, identity, {
          delta: (round) => denseDelta(identity.site, round),
          images: 100 * (i + 1),
        }),
    );
    await api(url, token, "POST", "/studies", { name: "blind", rounds: 2, participation: { sites: names } });
    await api(url, token, "POST", "/studies/blind/start");
    answers.push(Buffer.from(JSON.stringify(await end(url, token, "blind"))));
    history = (await agents[0].history("blind", 0)).sums;
    closeAgents();
    await tap.close();
    await new Promise<void>((resolve) => relay.close(() => resolve()));
    await coordinator.close();
    received = [...tap.payloads(), ...tap.raw()];
    rows = await rowsUnder(home);
    files = await filesUnder(home);
    everything = [...unfolded([...received, ...sent, ...answers, ...rows]), ...files];
  }, 60_000);

  const roundInputs = (round: number) =>
    new Map(agents.map(({ identity, inputs }) => [identity.site, inputs.get(round) ?? new Uint32Array()]));
  const sealedBytes = (vector: Uint32Array) => encodeRing(vector.subarray(0, sealedLength(COUNT)));
  const sums = () => [1, 2].map((round) => plainSum(roundInputs(round), names));

  it("was recorded: masked vectors on the way in, sealed sums on the way out, in the table and in its files", () => {
    const sealed = new RunSearch(
      history.map(({ sum }) => new Uint8Array(sum).slice(0, 4 * sealedLength(COUNT))),
      8,
    );
    expect(history.map(({ seal }) => typeof seal)).toEqual(["string", "string"]);
    for (const place of [sent, rows, files]) expect(sealed.count(place)).toBeGreaterThanOrEqual(sealed.size / 2);
    expect(received.reduce((sum, bytes) => sum + bytes.length, 0)).toBeGreaterThan(2 * 4 * 4 * COUNT);
  });

  it("holds the metrics of the cohort, which are not sealed", () => {
    const tails = sums().map((sum) => encodeRing(sum.subarray(sealedLength(COUNT))));
    for (const tail of tails)
      expect(rows.filter((row) => Buffer.from(row).includes(Buffer.from(tail))).length).toBeGreaterThan(0);
  });

  it("would be caught: planted in it, a sum, an update, a mean, a model and a key are found", () => {
    const [sum] = sums();
    const mean = agents[0].openedOf("blind").means[0];
    const secrets = [sealedBytes(sum), new Uint8Array(asBytes(mean))];
    for (const secret of secrets) {
      const search = new RunSearch([secret], 8);
      expect(search.size).toBeGreaterThan(10);
      const odd = Uint8Array.of(1, 2, 3, ...secret, 4);
      const quoted = Buffer.from(`{"sum":"${toBase64(secret)}"}`);
      expect(search.count([odd])).toBe(search.size);
      expect(search.count(unfolded([quoted]))).toBe(search.size);
    }
  });

  it("holds no sum, no update, no mean and no model", () => {
    const plain = [1, 2].flatMap((round) => [...roundInputs(round).values()]);
    const { means, models } = agents[0].openedOf("blind");
    const floats = [...means, ...models].map((vector) => new Uint8Array(asBytes(vector)));
    const raw = [1, 2].flatMap((round) => names.map((site) => new Uint8Array(asBytes(denseDelta(site, round)))));
    expect([means.length, models.length, plain.length]).toEqual([2, 2, 8]);
    const secrets = [...sums().map(sealedBytes), ...plain.map(sealedBytes), ...floats, ...raw];
    const search = new RunSearch(secrets, 8);
    expect(search.size).toBeGreaterThan(secrets.length * 10);
    expect(search.count(everything)).toBe(0);
  });

  it("holds no epoch key: not raw, not in base64, not in hexadecimal digits", () => {
    const keys = [...agents[0].keys.values()];
    expect(keys).toHaveLength(1);
    for (const key of keys)
      for (const form of [key, Buffer.from(toBase64(key)), Buffer.from(toHex(key))]) {
        expect(everything.filter((bytes) => Buffer.from(bytes).includes(Buffer.from(form)))).toEqual([]);
        expect(Buffer.concat([received[0], form, received[0]]).includes(Buffer.from(form))).toBe(true);
      }
  });

  it("opens, with the key that the sites have, to the mean of what they gave", async () => {
    for (const { round, attempt, survivors, cohortSize, seal, sum } of history) {
      const key = agents[2].keys.get(seal ?? "") ?? new Uint8Array();
      const sealed = decodeRing(new Uint8Array(sum), updateLength(COUNT));
      const opened = unsealSum(sealed, COUNT, { key, reference: { study: "blind", round, attempt }, survivors });
      expect(opened).toEqual(plainSum(roundInputs(round), names));
      const request = { parameterCount: COUNT, cohortSize, survivors, clip, maxImages };
      const { meanUpdate, images } = openSum({ ...request, sum: opened });
      expect(images).toBe(1000);
      const expected = new Float64Array(COUNT);
      names.forEach((site, i) => {
        denseDelta(site, round).forEach((value, k) => {
          expected[k] += (value * (i + 1)) / 10;
        });
      });
      expect(largestDifference(meanUpdate, expected)).toBeLessThan(1e-4);
      expect(agents.map((agent) => agent.openedOf("blind").means[round - 1])).toEqual(agents.map(() => meanUpdate));
      expect(await codeOf(() => openSum({ ...request, sum: sealed }))).toBe("IMPOSSIBLE_SUM");
    }
  });
});

describe("a sealed study goes on", () => {
  let coordinator: Coordinator;
  let token: string;
  let identities: Identity[];
  const all = [...names, "e-site"];
  const call = <T>(method: string, path: string, body?: unknown) => api<T>(coordinator.url, token, method, path, body);
  const begin = async (study: { name: string } & Record<string, unknown>) => {
    await call("POST", "/studies", study);
    await call("POST", `/studies/${study.name}/start`);
  };

  beforeAll(async () => {
    coordinator = await start();
    token = coordinator.newAdminToken ?? "";
    identities = await Promise.all(all.map((site) => enrol(coordinator.url, token, site)));
    await signSites(coordinator.url, token);
  });
  afterEach(closeAgents);
  afterAll(() => coordinator.close());

  it.each([2, 1])(
    "when a site spoils what is sealed in the first of %i rounds: the sites find out, the round is taken back and made again",
    async (count) => {
      const name = `spoilt-${count}`;
      let spoilt = 0;
      const agents = identities.slice(0, 4).map(
        (identity, i) =>
          new FakeAgent(coordinator.url, identity, {
            value: i + 1,
            spoils: () => i === 3 && spoilt++ === 0 && "sealed",
          }),
      );
      await begin({ name, rounds: count, participation: { sites: names } });
      const { rounds, completed } = await end(coordinator.url, token, name);
      expect(completed).toBe(count);
      expect(rounds.filter(({ round }) => round === 1)).toMatchObject([
        { attempt: 1, phase: "aborted", code: "IMPOSSIBLE_SUM" },
        { attempt: 2, phase: "completed", survivors: names },
      ]);
      expect(rounds.at(-1)).toMatchObject({ round: count, phase: "completed" });
      for (const agent of agents)
        expect(agent.openedOf(name).means.map(([first]) => first)).toEqual(
          new Array(count).fill(expect.closeTo(2.5, 3)),
        );
    },
  );

  it("when the maker of its key vanishes for good after dealing, with k of n sites", async () => {
    const maker = new FakeAgent(coordinator.url, identities[0], { vanishIn: "training", value: 100 });
    const others = identities.slice(1, 4).map(
      (identity) =>
        new FakeAgent(coordinator.url, identity, {
          value: 2,
          before: ({ phase }) =>
            phase === "recruiting" ? until("the key", () => maker.dealt || undefined) : undefined,
        }),
    );
    await begin({ name: "orphan", rounds: 2, silenceSeconds: 1, participation: { sites: names, require: 3 } });
    const { rounds } = await end(coordinator.url, token, "orphan");
    expect(rounds).toMatchObject([
      { round: 1, attempt: 1, phase: "completed", survivors: names.slice(1) },
      { round: 2, attempt: 1, phase: "completed", survivors: names.slice(1) },
    ]);
    for (const agent of others) expect(agent.openedOf("orphan").means[1][0]).toBeCloseTo(2, 3);
  });

  it("under a new key when the roster changes: who left cannot open what follows, who comes late opens all", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const options = (value: number) => ({
      value,
      before: ({ phase, ...rest }: { phase: string }) =>
        phase === "training" && "version" in rest && rest.version === 1 ? gate : undefined,
    });
    const first = identities.slice(0, 4).map((identity, i) => new FakeAgent(coordinator.url, identity, options(i + 1)));
    await begin({ name: "moving", rounds: 2, silenceSeconds: 2, participation: { sites: all, require: 3 } });
    const second = await until("the second round to train", async () => {
      const { rounds } = await call<Study>("GET", "/studies/moving");
      return rounds[1]?.phase === "training" ? rounds : undefined;
    });
    expect(second[0]).toMatchObject({ phase: "completed", survivors: names });

    await call("POST", "/sites/d-site/revoke");
    const { roster } = await signSites(coordinator.url, token);
    expect(roster.members.map(({ site }) => site)).toEqual(all.filter((site) => site !== "d-site"));
    // Admitted again, it is still not in the roster: no round is made with it.
    await call("POST", "/sites/d-site/approve");
    const outside = new FakeAgent(coordinator.url, identities[3], { value: 100 });
    const late = new FakeAgent(coordinator.url, identities[4], { value: 5 });
    release();
    const { rounds } = await end(coordinator.url, token, "moving");
    const rest = ["a-site", "b-site", "c-site", "e-site"];
    expect(rounds[1]).toMatchObject({ phase: "aborted", code: "ROSTER_CHANGED" });
    expect(rounds.at(-1)).toMatchObject({ round: 2, phase: "completed", survivors: rest });
    const staying = [...first.slice(0, 3), late];
    for (const agent of staying)
      expect(agent.openedOf("moving").means.map(([first]) => first)).toEqual([
        expect.closeTo(2.5, 3),
        expect.closeTo(11 / 4, 3),
      ]);

    const { sums } = await late.history("moving", 0);
    const [before, after] = sums.map(({ seal }) => seal ?? "");
    expect(before).not.toBe(after);
    expect(staying.map(({ keys }) => keys.has(before) && keys.has(after))).toEqual([true, true, true, true]);
    const [left] = first.slice(3);
    expect([left.keys.has(before), left.keys.has(after)]).toEqual([true, false]);
    const { attempt, survivors, cohortSize, sum } = sums[1];
    for (const key of left.keys.values()) {
      const reference = { study: "moving", round: 2, attempt };
      const opened = unsealSum(decodeRing(new Uint8Array(sum), updateLength(COUNT)), COUNT, {
        key,
        reference,
        survivors,
      });
      const request = { parameterCount: COUNT, cohortSize, survivors, clip, maxImages };
      expect(await codeOf(() => openSum({ ...request, sum: opened }))).toBe("IMPOSSIBLE_SUM");
    }
    expect(outside.seen).not.toContain("advertiseKeys");
    expect(outside.keys.size).toBe(0);
  });
});
