import type {
  Cohort,
  KeyAdvertisement,
  RevealedShare,
  RoundReference,
  SealedShares,
  SurvivorSignature,
  UnmaskRequest,
} from "../wire/secagg-messages.js";
import { type SealInit, SecAggClient } from "./client.js";
import { epochKeyId } from "./epoch.js";
import { createIdentity, memberOf, type RandomBytes } from "./keys.js";
import { type SecAggPhase, SecAggServer } from "./server.js";

export const COORDINATOR = "coordinator";

/** What each kind of message carries, in the order of the phases: from a site, then to a site. */
interface Bodies {
  advertisement: KeyAdvertisement;
  advertisements: KeyAdvertisement[];
  sharesDealt: SealedShares[];
  sharesDelivered: SealedShares[];
  maskedInput: Uint32Array;
  survivors: string[];
  confirmation: SurvivorSignature;
  unmaskRequest: UnmaskRequest;
  revealed: RevealedShare[];
}

type MessageOf<Kind extends keyof Bodies> = { kind: Kind; from: string; to: string; body: Bodies[Kind] };

/** Anything that one party sends another. Sites talk to the coordinator only. */
export type SimulatedMessage = { [Kind in keyof Bodies]: MessageOf<Kind> }[keyof Bodies];

export interface Simulation {
  /** Sites by name; sorted before use. */
  sites: readonly string[];
  threshold: number;
  minSurvivors: number;
  /** Each site's vector, all of one length. */
  inputs: ReadonlyMap<string, Uint32Array>;
  /** In which phase a site falls silent: it still did everything before. */
  dropouts?: ReadonlyMap<string, SecAggPhase>;
  random: RandomBytes;
  reference?: RoundReference;
  /** Sees every message on its way: returns it, another one of the same kind, or null where it is lost. */
  intercept?: (message: SimulatedMessage) => SimulatedMessage | null;
  /** Seals the sum: it comes out with every survivor's seal on it. */
  seal?: SealInit;
}

export interface SimulationResult {
  sum: Uint32Array;
  survivors: string[];
  cohort: Cohort;
  /** All messages as they were sent, in order. */
  transcript: SimulatedMessage[];
}

/**
 * Plays one attempt with all its parties in one process, over the very classes that coordinator and agents use. A site
 * that loses a message of the coordinator says nothing more.
 * @throws SecAggError, from whichever party refuses to go on.
 */
export async function simulate({
  sites,
  threshold,
  minSurvivors,
  inputs,
  dropouts = new Map(),
  random,
  reference = { study: "simulation", round: 1, attempt: 1 },
  intercept = (message) => message,
  seal,
}: Simulation): Promise<SimulationResult> {
  const identities = [...sites].sort().map((site) => createIdentity(site, random));
  const cohort: Cohort = {
    reference,
    studyHash: "0".repeat(64),
    rosterHash: "0".repeat(64),
    seal: seal ? epochKeyId(seal.key) : null,
    members: identities.map(memberOf),
    threshold,
    minSurvivors,
    length: [...inputs.values()][0].length,
  };
  const clients = new Map(
    identities.map((identity) => [
      identity.site,
      new SecAggClient({ identity, cohort, random, ...(seal ? { seal } : {}) }),
    ]),
  );
  const server = new SecAggServer({ cohort });
  const transcript: SimulatedMessage[] = [];
  const silent = new Set<string>();

  function pass<Kind extends keyof Bodies>(
    kind: Kind,
    from: string,
    to: string,
    body: Bodies[Kind],
  ): Bodies[Kind] | null {
    const message = { kind, from, to, body } as SimulatedMessage;
    transcript.push(message);
    const arrived = intercept(message);
    if (arrived !== null && arrived.kind !== kind) throw new TypeError(`intercept turned ${kind} into ${arrived.kind}`);
    return arrived === null ? null : (arrived.body as Bodies[Kind]);
  }

  /** One phase: a message down to each expected site (where there is one), its answer up. */
  async function phase<Down extends keyof Bodies, Up extends keyof Bodies>(
    name: SecAggPhase,
    down: { kind: Down; body: (site: string) => Bodies[Down] } | null,
    up: Up,
    answer: (client: SecAggClient, site: string, body: Bodies[Down]) => Bodies[Up] | Promise<Bodies[Up]>,
    receive: (site: string, body: Bodies[Up]) => void,
  ): Promise<void> {
    for (const site of server.expected) {
      if (dropouts.get(site) === name) silent.add(site);
      if (silent.has(site)) continue;
      const request = down && pass(down.kind, COORDINATOR, site, down.body(site));
      if (down && request === null) {
        silent.add(site);
        continue;
      }
      const reply = pass(up, site, COORDINATOR, await answer(clients.get(site)!, site, request as Bodies[Down]));
      if (reply !== null) receive(site, reply);
    }
  }

  await phase(
    "advertiseKeys",
    null,
    "advertisement",
    (client) => client.advertiseKeys(),
    (_, message) => server.receiveAdvertisement(message),
  );
  const advertisements = server.closeAdvertise();
  await phase(
    "shareKeys",
    { kind: "advertisements", body: () => advertisements },
    "sharesDealt",
    (client, _, list) => client.shareKeys(list),
    (site, shares) => server.receiveShares(site, shares),
  );
  server.closeShares();
  await phase(
    "maskedInput",
    { kind: "sharesDelivered", body: (site) => server.sharesFor(site) },
    "maskedInput",
    (client, site, shares) => client.maskInput(shares, inputs.get(site)!),
    (site, vector) => server.receiveMaskedInput(site, vector),
  );
  const survivors = server.closeMaskedInput();
  await phase(
    "consistency",
    { kind: "survivors", body: () => survivors },
    "confirmation",
    (client, _, list) => client.confirmSurvivors(list),
    (_, message) => server.receiveConfirmation(message),
  );
  const request = server.closeConfirmations();
  await phase(
    "unmask",
    { kind: "unmaskRequest", body: () => request },
    "revealed",
    (client, _, message) => client.unmask(message),
    (site, shares) => server.receiveRevealed(site, shares),
  );
  const result = await server.finish();
  for (const client of clients.values()) client.clean();
  return { ...result, cohort, transcript };
}
