import { randomBytes } from "node:crypto";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { agree, createBoxKeys } from "@fedbaps/core/secagg/keys.js";
import { addMask, pairLayer, selfLayer } from "@fedbaps/core/secagg/masks.js";
import { type SimulatedMessage, simulate } from "@fedbaps/core/secagg/simulate.js";
import { median, rounded, spread } from "./statistics.js";
import type { Row } from "./table.js";
import { interleaved } from "./timing.js";

const LENGTHS = [1e4, 1e5, 1e6];
const PEERS = [2, 9, 49];
const REFERENCE = { study: "bench", round: 1, attempt: 1 };
const BYTES_PER_ELEMENT = 4;

/** What secure aggregation costs a site (masking) and the coordinator (adding, unmasking). */
export async function benchSecagg(): Promise<Row[]> {
  const masking: Row[] = [];
  for (const elements of LENGTHS) masking.push(...(await maskingRows(elements)));
  const sums: Row[] = [];
  for (const elements of LENGTHS) sums.push(await serverSumRow(elements));
  return [...masking, ...sums, await roundRow()];
}

/** A site's vector against all its peers: key agreement, mask seeds, key streams, addition; as `maskInput` does it. */
async function maskingRows(elements: number): Promise<Row[]> {
  const own = createBoxKeys(randomBytes);
  const vector = new Uint32Array(elements);
  const tasks = PEERS.map((count) => {
    const peers = siteNames(count).map((name) => ({ name, key: createBoxKeys(randomBytes).publicKey }));
    const selfSeed = randomBytes(32);
    return () => {
      addMask(vector, selfLayer(selfSeed, REFERENCE, "self"));
      for (const { name, key } of peers)
        addMask(vector, pairLayer(agree(own.secretKey, key, name), REFERENCE, "self", name));
    };
  });
  const samples = await interleaved(tasks, { warmUp: 2, counted: elements > 1e5 ? 7 : 15 });
  return PEERS.map((peers, p) => ({
    measured: "a site masks its vector (pairwise masks and its own)",
    elements,
    peers,
    samples: samples[p].length,
    ...spread("maskMs", samples[p]),
    // Bytes of mask made and added, in units of 10^6.
    maskMBytesPerSecond: rounded(((peers + 1) * elements * BYTES_PER_ELEMENT) / 1e3 / median(samples[p])),
  }));
}

/** The coordinator takes one masked vector: recognising a repeat (SHA-256), and adding. */
async function serverSumRow(elements: number): Promise<Row> {
  const receive: number[] = [];
  for (let repeat = -1; repeat < 5; repeat++) {
    const times = await playRound({ sites: 3, elements, dropouts: 0 });
    if (repeat >= 0) receive.push(...times.receive);
  }
  return {
    measured: "the coordinator takes one masked vector (digest and addition)",
    elements,
    samples: receive.length,
    ...spread("receiveMs", receive),
    receiveMBytesPerSecond: rounded((elements * BYTES_PER_ELEMENT) / 1e3 / median(receive)),
  };
}

async function roundRow(): Promise<Row> {
  const [sites, elements, dropouts] = [10, 1e5, 1];
  const rounds: RoundTimes[] = [];
  for (let repeat = -1; repeat < 5; repeat++) {
    const times = await playRound({ sites, elements, dropouts });
    if (repeat >= 0) rounds.push(times);
  }
  return {
    measured: "one whole sum, all parties one after the other in one process",
    elements,
    sites,
    dropouts,
    samples: rounds.length,
    siteMaskMsMedian: rounded(median(rounds.flatMap(({ mask }) => mask))),
    coordinatorReceiveMsMedian: rounded(median(rounds.flatMap(({ receive }) => receive))),
    ...spread(
      "coordinatorUnmaskMs",
      rounds.map(({ unmask }) => unmask),
    ),
    ...spread(
      "wholeMs",
      rounds.map(({ whole }) => whole),
    ),
  };
}

/** Milliseconds within one sum. */
interface RoundTimes {
  /** Each site's `maskInput`. */
  readonly mask: readonly number[];
  /** The coordinator's taking of each masked vector. */
  readonly receive: readonly number[];
  /** From the last revealed shares to the sum: rebuilding secrets, taking masks off. */
  readonly unmask: number;
  readonly whole: number;
}

/**
 * Plays a sum over the very classes that coordinator and agents use; the moments at which messages pass tell the times.
 * The sites that drop out do so after they dealt shares, which costs most: their pairwise masks are rebuilt.
 */
async function playRound({
  sites,
  elements,
  dropouts,
}: {
  sites: number;
  elements: number;
  dropouts: number;
}): Promise<RoundTimes> {
  const names = siteNames(sites);
  const threshold = defaultThreshold(sites);
  const passed: { readonly message: SimulatedMessage; readonly at: number }[] = [];
  const start = performance.now();
  await simulate({
    sites: names,
    threshold,
    minSurvivors: threshold,
    inputs: new Map(names.map((name, i) => [name, new Uint32Array(elements).fill(i)])),
    dropouts: new Map(names.slice(0, dropouts).map((name) => [name, "maskedInput"])),
    random: randomBytes,
    intercept(message) {
      passed.push({ message, at: performance.now() });
      return message;
    },
  });
  const end = performance.now();
  const after = (i: number) => passed[i + 1]?.at ?? end;
  const lasted = (kind: SimulatedMessage["kind"]) =>
    passed.flatMap(({ message, at }, i) => (message.kind === kind ? [after(i) - at] : []));
  return {
    mask: lasted("sharesDelivered"),
    receive: lasted("maskedInput"),
    unmask: end - passed[passed.length - 1].at,
    whole: end - start,
  };
}

function siteNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `site-${String(i).padStart(3, "0")}`);
}
