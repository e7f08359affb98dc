import { randomBytes } from "node:crypto";
import { type Coordinator, type CoordinatorOptions, startCoordinator } from "@fedbaps/coordinator/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { codeOf, FedBapsError } from "@fedbaps/core/common/errors.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { applyMean, openSum, unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { packUpdate, sealedLength, updateLength } from "@fedbaps/core/federation/update.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { dealEpochKey, openEpochShare } from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { decodeRing, encodeRing } from "@fedbaps/core/wire/codec.js";
import type {
  Acknowledgement,
  Challenge,
  HistoryPage,
  Instruction,
  RoundSum,
  StudyOffer,
} from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import type { Roster, SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { authTranscript, enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { io, type Socket } from "socket.io-client";
import { defaultCount, defaultStudy } from "../support/default-study.js";
import { newDatabaseUrl } from "../support/test-database.js";

/** A coordinator in this process: in memory, or on a database of its own where the tests run on a PostgreSQL. */
export async function start(overrides: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const random = (count: number) => new Uint8Array(randomBytes(count));
  const options = { home: undefined, host: "127.0.0.1", port: 0, clock: systemClock, logger: silentLogger, random };
  const own = "databaseUrl" in overrides || overrides.home !== undefined ? undefined : await newDatabaseUrl();
  const coordinator = await startCoordinator({ ...options, databaseUrl: own?.url, ...overrides });
  return { ...coordinator, close: () => coordinator.close().then(own?.drop) };
}

/** Asks the API and gives its JSON. */
export async function api<T>(url: string, token: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}

/** Invites, enrols and approves a site. */
export async function enrol(url: string, token: string, site: string): Promise<Identity> {
  const identity = createIdentity(site, (count) => new Uint8Array(randomBytes(count)));
  const { code } = await api<{ code: string }>(url, token, "POST", "/invites", { site });
  const { signKey, boxKey } = memberOf(identity);
  const request = { protocol: PROTOCOL_VERSION, code, site, signKey, boxKey } as const;
  const signature = sign(enrolTranscript(request), identity.sign.secretKey);
  await api(url, "none", "POST", "/enrol", { ...request, signature });
  await api(url, token, "POST", `/sites/${site}/approve`);
  return identity;
}

const lead = createIdentity("lead", (count) => new Uint8Array(randomBytes(count))).sign;

/** Signs all approved sites as the next roster, as the study lead does. */
export async function signSites(url: string, token: string): Promise<SignedRoster> {
  const { current, candidates } = await api<{ current: { signed: SignedRoster } | null; candidates: Member[] }>(
    url,
    token,
    "GET",
    "/roster",
  );
  const members = candidates.map(({ site, signKey, boxKey }) => ({ site, signKey, boxKey }));
  const signed = signRoster(members, lead, current?.signed.roster);
  const answer = await api<object>(url, token, "POST", "/roster", signed);
  if (!("words" in answer)) throw new Error(`the roster was not taken: ${JSON.stringify(answer)}`);
  return signed;
}

export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  ms = 20_000,
): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const value = await probe();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${ms} ms in vain for ${what}`);
}

const agents = new Set<FakeAgent>();

/** Closes every agent that a test has left open. */
export function closeAgents(): void {
  for (const agent of agents) agent.close();
}

export interface FakeOptions {
  readonly vanishIn?: Instruction["phase"];
  readonly value?: number;
  readonly images?: number;
  /** Its update in a round, before it is clipped; by default all zeros but for `value`. */
  readonly delta?: (round: number) => Float32Array;
  /** Awaited before an instruction is obeyed. */
  readonly before?: (instruction: Instruction) => Promise<unknown> | undefined;
  /** Whether its next input to a sum is garbage: all of it, or what a sealed study seals. */
  readonly spoils?: () => boolean | "sealed";
  /** The code of what keeps it from reporting now. */
  readonly reportFails?: () => string | undefined;
  /** Approves nothing. */
  readonly shy?: boolean;
}

/**
 * An agent without black box or policy: approves everything, opens past sums and "trains" at once, answers by the real
 * `SecAggClient`.
 */
export class FakeAgent {
  readonly socket: Socket;
  readonly seen: string[] = [];
  readonly refusals: string[] = [];
  readonly acknowledgements: Acknowledgement[] = [];
  #client: SecAggClient | undefined;
  #members = 0;
  #roster: Roster | undefined;
  #studies: StudyOffer[] = [];
  readonly keys = new Map<string, Uint8Array>();
  /** Of each study, the mean updates of the rounds that it has opened, in order, and the models after them. */
  readonly #opened = new Map<string, { means: Float32Array[]; models: Float32Array[] }>();
  /** Its own plain input to each round. */
  readonly inputs = new Map<number, Uint32Array>();
  /** Whether the coordinator has taken its answer with an epoch key. */
  dealt = false;

  constructor(
    url: string,
    readonly identity: Identity,
    private readonly options: FakeOptions = {},
  ) {
    const socket = io(url, { transports: ["websocket"], reconnection: false, forceNew: true });
    this.socket = socket;
    agents.add(this);
    socket.on("challenge", (challenge: Challenge) => {
      const site = identity.site;
      const signature = sign(authTranscript(challenge, site), identity.sign.secretKey);
      socket.emit("auth", { protocol: PROTOCOL_VERSION, site, signature }, (answer: Acknowledgement) =>
        this.acknowledgements.push(answer),
      );
    });
    socket.on("refused", ({ code }: { code: string }) => this.refusals.push(code));
    socket.on("roster", (signed: SignedRoster | null) => {
      this.#roster = signed?.roster;
    });
    socket.on("studies", (offers: StudyOffer[]) => {
      this.#studies = offers;
      if (!options.shy) socket.emit("approvals", { hashes: offers.map((offer) => offer.hash) }, () => {});
    });
    socket.on("instruction", (instruction: Instruction) => void this.#obey(instruction));
  }

  close(): void {
    agents.delete(this);
    this.socket.disconnect();
  }

  history(study: string, after: number): Promise<HistoryPage> {
    return this.socket.emitWithAck("history", { study, after });
  }

  async #obey(instruction: Instruction): Promise<void> {
    this.seen.push(instruction.phase === "wait" ? `wait:${instruction.reason}` : instruction.phase);
    if (instruction.phase === this.options.vanishIn) return this.close();
    await this.options.before?.(instruction);
    const answer = await this.#answer(instruction).catch((error: unknown): [string, unknown] => {
      if (!(error instanceof FedBapsError) || !("reference" in instruction || "cohort" in instruction)) throw error;
      const { study } = "cohort" in instruction ? instruction.cohort.reference : instruction.reference;
      const stage = instruction.phase === "recruiting" ? "recruiting" : "secagg";
      return ["failure", { study, stage, code: error.code }];
    });
    if (answer === undefined) return;
    // A link that is cut takes its acknowledgements with it.
    const cut = { ok: false as const, code: "CUT" };
    const acknowledgement: Acknowledgement = await this.socket.emitWithAck(answer[0], answer[1]).catch(() => cut);
    this.acknowledgements.push(acknowledgement);
    const dealing = typeof answer[1] === "object" && answer[1] !== null && "epoch" in answer[1];
    if (dealing && acknowledgement.ok) this.dealt = true;
  }

  async #answer(instruction: Instruction): Promise<[string, unknown] | undefined> {
    const { phase } = instruction;
    if (phase === "wait") return undefined;
    if (phase === "report") {
      const { study, studyHash, version } = instruction;
      const code = this.options.reportFails?.() ?? (await this.#stops(studyHash, version));
      if (code !== undefined) return ["failure", { study, stage: "report", code }];
      return ["report", { study, version, deployed: true, queries: 10, blackboxSeconds: 0.5, adaptedDice: 0.75 }];
    }
    if (phase === "recruiting") {
      const { reference, studyHash, makeEpoch } = instruction;
      const random = (count: number) => new Uint8Array(randomBytes(count));
      const epoch = makeEpoch ? { epoch: dealEpochKey(this.identity, this.#scope(studyHash), this.keys, random) } : {};
      return ["reply", { phase, reference, ready: true, ...epoch }];
    }
    if (phase === "training") {
      const { reference, studyHash, version } = instruction;
      const code = await this.#stops(studyHash, version);
      if (code !== undefined) return ["failure", { study: reference.study, stage: "training", code }];
      return ["reply", { phase, reference, queries: 10 }];
    }
    if (phase === "advertiseKeys") {
      const { cohort } = instruction;
      this.#members = cohort.members.length;
      const random = (count: number) => new Uint8Array(randomBytes(count));
      const { epoch } = instruction;
      if (epoch)
        for (const [id, key] of openEpochShare(this.identity, this.#scope(cohort.studyHash), epoch))
          this.keys.set(id, key);
      const key = cohort.seal === null ? undefined : this.keys.get(cohort.seal);
      const seal = key ? { seal: { key, length: sealedLength(defaultCount) } } : {};
      this.#client = new SecAggClient({ identity: this.identity, cohort, random, ...seal });
      return ["reply", { phase, reference: cohort.reference, advertisement: this.#client.advertiseKeys() }];
    }
    const { reference } = instruction;
    const client = this.#client;
    if (client === undefined)
      return ["failure", { study: reference.study, stage: "secagg", code: "CLIENT_STATE_LOST" }];
    switch (phase) {
      case "shareKeys":
        return ["reply", { phase, reference, shares: await client.shareKeys(instruction.advertisements) }];
      case "maskedInput":
        return [
          "reply",
          { phase, reference, vector: encodeRing(client.maskInput(instruction.shares, this.#update(reference.round))) },
        ];
      case "consistency":
        return ["reply", { phase, reference, signature: client.confirmSurvivors(instruction.survivors) }];
      case "unmask":
        return ["reply", { phase, reference, shares: client.unmask(instruction.request) }];
    }
  }

  /**
   * Opens the sums of the rounds up to `version` that it has not opened yet.
   * @throws UpdateError IMPOSSIBLE_SUM; SecAggError; FakeError NO_EPOCH_KEY
   */
  async catchUp(studyHash: string, version: number): Promise<void> {
    const scope = this.#scope(studyHash);
    const { means } = this.openedOf(scope.study.name);
    while (means.length < version) {
      const have = means.length;
      const page = await this.history(scope.study.name, have);
      for (const share of page.epochs)
        if (share.rosterHash === scope.rosterHash)
          for (const [id, key] of openEpochShare(this.identity, scope, share)) this.keys.set(id, key);
      for (const sum of page.sums) if (sum.round === means.length + 1) this.#apply(scope.study, sum);
      if (page.sums.length === 0) throw new FakeError("BAD_HISTORY", `no sum of round ${have + 1}`);
    }
  }

  /** The code of what keeps it from having the model of this version. */
  async #stops(studyHash: string, version: number): Promise<string | undefined> {
    try {
      await this.catchUp(studyHash, version);
    } catch (error) {
      return codeOf(error);
    }
    return undefined;
  }

  #apply(
    { name, decoder, clip, maxImages }: StudySpec,
    { round, attempt, survivors, cohortSize, seal, sum }: RoundSum,
  ): void {
    const count = parameterCount(decoder);
    let plain = decodeRing(new Uint8Array(sum), updateLength(count));
    if (seal !== null) {
      const key = this.keys.get(seal);
      if (!key) throw new FakeError("NO_EPOCH_KEY", `${this.identity.site} has no key to round ${round}`);
      plain = unsealSum(plain, count, { key, reference: { study: name, round, attempt }, survivors });
    }
    const { meanUpdate } = openSum({ sum: plain, parameterCount: count, cohortSize, survivors, clip, maxImages });
    const { means, models } = this.openedOf(name);
    means.push(meanUpdate);
    models.push(applyMean(models.at(-1) ?? new Float32Array(count), meanUpdate));
  }

  openedOf(study: string): { means: Float32Array[]; models: Float32Array[] } {
    const opened = this.#opened.get(study) ?? { means: [], models: [] };
    this.#opened.set(study, opened);
    return opened;
  }

  #scope(studyHash: string) {
    const roster = this.#roster;
    const study = this.#studies.find(({ hash }) => hash === studyHash)?.spec;
    if (!roster || !study) throw new Error("no roster or study yet");
    return { study, studyHash, roster, rosterHash: rosterHash(roster), sites: [...study.participation.sites].sort() };
  }

  #update(round: number): Uint32Array {
    const delta = this.options.delta?.(round) ?? new Float32Array(defaultCount);
    if (this.options.value !== undefined) delta[0] = this.options.value;
    const images = this.options.images ?? 10;
    const update = packUpdate({
      delta,
      clip: defaultStudy.clip,
      images,
      maxImages: defaultStudy.maxImages,
      metrics: { valDice: 0.5 },
      cohortSize: this.#members,
    });
    const spoils = this.options.spoils?.();
    if (spoils) update.fill(0x40000000, 0, spoils === "sealed" ? sealedLength(delta.length) : update.length);
    this.inputs.set(round, update);
    return update;
  }
}

class FakeError extends FedBapsError<"NO_EPOCH_KEY" | "BAD_HISTORY"> {}
