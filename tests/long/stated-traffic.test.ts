import { writeFile } from "node:fs/promises";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { decoderLayout } from "@fedbaps/core/decoder/layouts.js";
import { type StudySpec, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { policySchema } from "@fedbaps/site-agent/policy.js";
import { studyTraffic } from "@fedbaps/site-agent/statement-traffic.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { api, start } from "../integration/coordinator-support.js";
import { SimulatedFederation } from "../support/simulated-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { FrameSplitter } from "../support/websocket-frames.js";
import { WebSocketTap } from "../support/websocket-tap.js";

// What `study show` says of sizes, against every byte of a whole study between real agents and a real coordinator.

removeTemporaryFolders();

const SITES = ["north-hospital", "south", "west-clinic", "zz-4"];

/** Bytes of one connection as they went over the wire, by the event that each frame carries; and what the frames say. */
function read(raw: Buffer) {
  const events = new Map<string, { bytes: number; frames: number }>();
  const texts: string[] = [];
  let binaryOf = "";
  for (const part of new FrameSplitter().push(raw)) {
    const head = Buffer.isBuffer(part);
    const text = head ? "" : part.payload.toString("latin1");
    const [, marker, event, phase] = /^(42|45)\d*-?\d*\["([^"]+)"(?:,\{"phase":"([^"]+)")?/.exec(text) ?? [];
    // A binary frame belongs to the packet before it.
    const other = text.startsWith("40") ? "connect" : text === "3" ? "alive" : binaryOf;
    const name = head ? "upgrade" : (phase ?? event ?? other);
    if (marker !== undefined) texts.push(text);
    if (marker === "45") binaryOf = name;
    const before = events.get(name) ?? { bytes: 0, frames: 0 };
    events.set(name, { bytes: before.bytes + (head ? part.length : part.bytes.length), frames: before.frames + 1 });
  }
  return { raw, events, text: texts.join("\n") };
}

describe("the sizes that study show states", () => {
  let coordinator: Coordinator;
  let tap: WebSocketTap;
  let federation: SimulatedFederation;

  beforeAll(async () => {
    coordinator = await start();
    tap = await WebSocketTap.start(Number(new URL(coordinator.url).port));
    const ask = <T>(method: string, path: string, body?: unknown) =>
      api<T>(coordinator.url, coordinator.newAdminToken!, method, path, body);
    const centre = { url: tap.url, fingerprint: coordinator.fingerprint, ask };
    federation = await SimulatedFederation.start(await temporaryFolder(), SITES, centre);
  });

  afterAll(async () => {
    await federation?.close();
    await tap?.close();
    await coordinator?.close();
  });

  it.each([
    { name: "lesions", rounds: 3, decoder: "filter-bank", sealed: true, metrics: "own" },
    { name: "x", rounds: 2, decoder: "baps", sealed: false, metrics: "none" },
  ] as const)("hold within 10 % on the wire: %j", async ({ metrics, name, ...given }) => {
    for (const { home } of federation.sites) await writeFile(home.policy, `metrics: ${metrics}\n`);
    const earlier = tap.raw().length;
    const spec: Partial<StudySpec> = { ...given, budget: 2000 };
    await federation.begin(name, spec);
    await federation.finish(name);

    const study = studySpecSchema.parse({ name, ...spec, participation: { sites: SITES } });
    const parameters = decoderLayout(study.decoder).length;
    const policy = policySchema.parse({ metrics });
    const connections = tap.raw().slice(earlier).map(read);
    expect(connections).toHaveLength(SITES.length);
    let dealers = 0;
    for (const { raw, events, text } of connections) {
      const site = /"site":"([^"]+)"/.exec(text)?.[1] ?? "";
      const stated = studyTraffic(study, policy, site, parameters);
      const of = (name: string) => events.get(name)?.bytes ?? 0;
      const near = (what: string, counted: number, said: number) =>
        expect([site, what, counted, said, Math.abs(counted / said - 1) < 0.1]).toEqual([
          site,
          what,
          counted,
          said,
          true,
        ]);
      const all = [...events.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      // Nothing was missed: the frames are all that was sent.
      expect(all).toBe(raw.length);

      near("a connection", of("upgrade") + of("connect") + of("auth") + of("approvals"), stated.connection);
      near("the vectors", of("maskedInput"), given.rounds * stated.vector);
      const deals = text.includes('"keyId"');
      if (deals) dealers++;
      const phases = ["recruiting", "training", "advertiseKeys", "shareKeys", "maskedInput", "consistency", "unmask"];
      const rounds = [...phases, "history"].reduce((sum, name) => sum + of(name), 0) - (deals ? stated.epochKey : 0);
      near("the rounds", rounds, given.rounds * stated.round);
      near("the report", of("report"), stated.report);
      const progress = events.get("progress");
      if (progress) near("progress", progress.bytes / progress.frames, stated.progress);
      near("the whole study", all - of("progress") - of("alive"), stated.study - (deals ? 0 : stated.epochKey));
    }
    expect(dealers > 0).toBe(given.sealed);
  });
});
