import { randomBytes } from "node:crypto";
import { unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { epochKeyId } from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { fromRingSum, ringScale, toRing } from "@fedbaps/core/secagg/quantize.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import { decodeRing, encodeRing } from "@fedbaps/core/wire/codec.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { cpuMs } from "./secagg-cpu.js";

const BOUND = 1;

/** A site's steps, in order. Sending, receiving and parsing are in none of them. */
export const SITE_STEPS = ["encode", "advertise", "deal", "mask", "confirm", "unmask", "decode"] as const;
export type SiteStep = (typeof SITE_STEPS)[number];

/** Costs of one sum: processor time in milliseconds, bytes as sent. */
export interface RoundCosts {
  /** Of each site, step by step. */
  readonly sites: readonly Readonly<Record<SiteStep, number>>[];
  /** The coordinator's taking of each vector: bytes to words, digest, addition. */
  readonly receive: readonly number[];
  /** The coordinator's whole work. */
  readonly coordinator: number;
  /** Of the last steps of it: rebuilding secrets and taking masks off. */
  readonly finish: number;
  /** From and to one site. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Largest error of a coordinate of the sum. */
  readonly error: number;
}

/**
 * Plays a sum over the very classes that coordinator and agents use, with nobody dropping out. It is sealed, as studies
 * are unless they say otherwise: each site adds one mask more, and takes those of all off the sum.
 */
export async function playRound({ sites, elements }: { sites: number; elements: number }): Promise<RoundCosts> {
  const identities = siteNames(sites).map((site) => createIdentity(site, randomBytes));
  const threshold = defaultThreshold(sites);
  const seal = { key: randomBytes(32), length: elements };
  const reference = { study: "bench", round: 1, attempt: 1 };
  const cohort: Cohort = {
    reference,
    studyHash: "0".repeat(64),
    rosterHash: "0".repeat(64),
    seal: epochKeyId(seal.key),
    members: identities.map(memberOf),
    threshold,
    minSurvivors: threshold,
    length: elements,
  };
  const scale = ringScale({ parties: sites, bound: BOUND });
  const costs = identities.map(
    () => Object.fromEntries(SITE_STEPS.map((step) => [step, 0])) as Record<SiteStep, number>,
  );
  const receive: number[] = [];
  let coordinator = 0;
  let finish = 0;
  let bytesUp = 0;
  let bytesDown = jsonBytes(cohort);

  async function atSite<T>(i: number, step: SiteStep, task: () => T | Promise<T>): Promise<T> {
    const { ms, result } = await cpuMs(task);
    costs[i][step] += ms;
    return result;
  }
  async function atCoordinator<T>(task: () => T | Promise<T>, account?: (ms: number) => void): Promise<T> {
    const { ms, result } = await cpuMs(task);
    coordinator += ms;
    account?.(ms);
    return result;
  }

  const server = new SecAggServer({ cohort });
  const clients = identities.map((identity) => new SecAggClient({ identity, cohort, random: randomBytes, seal }));
  const values = Float64Array.from({ length: elements }, (_, i) => Math.sin(i) * BOUND);

  for (const [i, client] of clients.entries()) {
    const message = await atSite(i, "advertise", () => client.advertiseKeys());
    await atCoordinator(() => server.receiveAdvertisement(message));
    if (i === 0) bytesUp += jsonBytes(message);
  }
  const advertisements = await atCoordinator(() => server.closeAdvertise());
  bytesDown += jsonBytes(advertisements);

  for (const [i, client] of clients.entries()) {
    const shares = await atSite(i, "deal", () => client.shareKeys(advertisements));
    await atCoordinator(() => server.receiveShares(identities[i].site, shares));
    if (i === 0) bytesUp += jsonBytes(shares);
  }
  await atCoordinator(() => server.closeShares());

  for (const [i, client] of clients.entries()) {
    const { site } = identities[i];
    const shares = await atCoordinator(() => server.sharesFor(site));
    const input = await atSite(i, "encode", () => toRing(values, scale, BOUND));
    const sent = await atSite(i, "mask", () => encodeRing(client.maskInput(shares, input)));
    await atCoordinator(
      () => server.receiveMaskedInput(site, decodeRing(sent, elements)),
      (ms) => receive.push(ms),
    );
    if (i === 0) {
      bytesDown += jsonBytes(shares);
      bytesUp += sent.length;
    }
  }
  const survivors = await atCoordinator(() => server.closeMaskedInput());
  bytesDown += jsonBytes(survivors);

  for (const [i, client] of clients.entries()) {
    const signature = await atSite(i, "confirm", () => client.confirmSurvivors(survivors));
    await atCoordinator(() => server.receiveConfirmation(signature));
    if (i === 0) bytesUp += jsonBytes(signature);
  }
  const request = await atCoordinator(() => server.closeConfirmations());
  bytesDown += jsonBytes(request);

  for (const [i, client] of clients.entries()) {
    const shares = await atSite(i, "unmask", () => client.unmask(request));
    await atCoordinator(() => server.receiveRevealed(identities[i].site, shares));
    if (i === 0) bytesUp += jsonBytes(shares);
  }
  const { sum } = await atCoordinator(
    () => server.finish(),
    (ms) => {
      finish = ms;
    },
  );
  const sent = await atCoordinator(() => encodeRing(sum));
  bytesDown += sent.length;

  let error = 0;
  for (const i of identities.keys()) {
    const opened = await atSite(i, "decode", () => {
      const opened = unsealSum(decodeRing(sent, elements), elements, { key: seal.key, reference, survivors });
      return fromRingSum(opened, scale);
    });
    if (i === 0) error = opened.reduce((worst, value, k) => Math.max(worst, Math.abs(value - sites * values[k])), 0);
  }
  return { sites: costs, receive, coordinator, finish, bytesUp, bytesDown, error };
}

function siteNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `site-${String(i).padStart(3, "0")}`);
}

/** As it goes over the wire: a text frame of UTF-8. */
function jsonBytes(message: unknown): number {
  return Buffer.byteLength(JSON.stringify(message));
}
