import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";

/** A seeded stand-in for the system's generator. */
export function seededBytes(seed: number): RandomBytes {
  const stream = new RandomStream(seed, "bytes");
  return (count) =>
    new Uint8Array(Uint32Array.from({ length: Math.ceil(count / 4) }, () => stream.uint32()).buffer).slice(0, count);
}

export function siteNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `site-${String(i).padStart(3, "0")}`);
}

/** One vector a site, drawn from the whole ring. */
export function makeInputs(sites: readonly string[], length: number, seed = 1): Map<string, Uint32Array> {
  return new Map(
    sites.map((site) => {
      const stream = new RandomStream(seed, "input", site);
      return [site, Uint32Array.from({ length }, () => stream.uint32())];
    }),
  );
}

export function plainSum(inputs: ReadonlyMap<string, Uint32Array>, sites: readonly string[]): Uint32Array {
  const sum = new Uint32Array([...inputs.values()][0].length);
  for (const site of sites)
    inputs.get(site)!.forEach((value, i) => {
      sum[i] += value;
    });
  return sum;
}

export interface PartiesOptions {
  size?: number;
  threshold?: number;
  minSurvivors?: number;
  length?: number;
  attempt?: number;
  seed?: number;
}

/** Clients and a server that have exchanged nothing yet. The same size and seed give the same identities. */
export function makeParties({
  size = 4,
  threshold = defaultThreshold(size),
  minSurvivors = threshold,
  length = 5,
  attempt = 1,
  seed = 1,
}: PartiesOptions = {}) {
  const identities = siteNames(size).map((site, i) => createIdentity(site, seededBytes(seed * 1000 + i)));
  const cohort: Cohort = {
    reference: { study: "study", round: 3, attempt },
    studyHash: "ab".repeat(32),
    rosterHash: "cd".repeat(32),
    seal: null,
    members: identities.map(memberOf),
    threshold,
    minSurvivors,
    length,
  };
  const random = seededBytes(seed * 1000 + 500 + attempt);
  const clients = identities.map((identity) => new SecAggClient({ identity, cohort, random }));
  return {
    identities,
    cohort,
    clients,
    server: new SecAggServer({ cohort }),
    sites: siteNames(size),
    inputs: makeInputs(siteNames(size), length, seed),
    random,
  };
}

export type Parties = ReturnType<typeof makeParties>;

// The honest course, phase by phase, so that a test can leave it where it likes. `silent` sites do not send.

export function runAdvertise({ clients, server }: Parties) {
  for (const client of clients) server.receiveAdvertisement(client.advertiseKeys());
  return server.closeAdvertise();
}

export async function runShare(parties: Parties) {
  const advertisements = runAdvertise(parties);
  const { clients, server, sites } = parties;
  for (const [i, client] of clients.entries()) server.receiveShares(sites[i], await client.shareKeys(advertisements));
  server.closeShares();
  return advertisements;
}

/** @param silent how many sites, from the end of the list, keep their vectors to themselves. */
export async function runMask(parties: Parties, silent = 0) {
  await runShare(parties);
  const { clients, server, sites, inputs } = parties;
  for (const [i, site] of sites.entries()) {
    const vector = clients[i].maskInput(server.sharesFor(site), inputs.get(site)!);
    if (i < sites.length - silent) server.receiveMaskedInput(site, vector);
  }
  return server.closeMaskedInput();
}

export async function runConfirm(parties: Parties, silent = 0) {
  const survivors = await runMask(parties, silent);
  for (let i = 0; i < survivors.length; i++)
    parties.server.receiveConfirmation(parties.clients[i].confirmSurvivors(survivors));
  return parties.server.closeConfirmations();
}

/** What was thrown: its code, or the error itself where it has none. */
export function codeThrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error instanceof FedBapsError ? error.code : error;
  }
  return "nothing thrown";
}

export async function codeRejected(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error instanceof FedBapsError ? error.code : error;
  }
  return "nothing thrown";
}
