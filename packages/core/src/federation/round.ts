import { FedBapsError } from "../common/errors.js";
import type { Instruction, Progress, Reply, ReplyPhase } from "../wire/messages.js";
import type { Member, RoundReference } from "../wire/secagg-messages.js";
import { requiredSites } from "../wire/study.js";
import { instructionOf, lacksSealKey } from "./round-instruction.js";
import { checkPhase, checkReference, digestOf, refused } from "./round-replies.js";
import { RoundSites } from "./round-sites.js";
import {
  type DropOut,
  RoundError,
  type RoundInit,
  type RoundPhase,
  type RoundState,
  type RoundView,
  type SumState,
} from "./round-state.js";
import { beginSum, closePhase, fewestLeft, takeSumReply } from "./round-sum.js";
import { namedSites, viewSite, waitReason } from "./round-view.js";

/** A sum over fewer sites says too much about each of them, whatever the study asks for. */
const FEWEST_SITES = 3;

/**
 * One attempt at one round, as a state machine without I/O: messages and the time go in, `instructionFor` says what
 * each site is asked now. `recruiting -> training -> advertiseKeys -> shareKeys -> maskedInput -> consistency ->
 * unmask -> completed`, and `aborted` from any of them.
 */
export class Round {
  readonly reference: RoundReference;
  readonly #init: RoundInit;
  readonly #required: number;
  readonly #named: readonly string[];
  readonly #sites: RoundSites;
  #state: RoundState = { phase: "recruiting" };

  constructor(init: RoundInit) {
    this.#init = init;
    this.reference = init.reference;
    this.#required = Math.max(requiredSites(init.study), FEWEST_SITES);
    this.#named = namedSites(init.study);
    this.#sites = new RoundSites(init.members, init.study.silenceSeconds * 1000, init.now);
  }

  get state(): RoundState {
    return this.#state;
  }

  get phase(): RoundPhase {
    return this.#state.phase;
  }

  get finished(): boolean {
    return this.#state.phase === "completed" || this.#state.phase === "aborted";
  }

  get dropOuts(): DropOut[] {
    return this.#sites.dropOuts();
  }

  /** A site that became a member after the round began. It can still be recruited; later it waits for the next round. */
  async join(member: Member, now: number): Promise<void> {
    if (this.#state.phase !== "recruiting") return;
    this.#sites.add(member);
    await this.tick(now);
  }

  /** A site that is no member any more (approval withdrawn, access revoked). */
  async leave(site: string, code: string, now: number): Promise<void> {
    if (this.#state.phase === "recruiting") this.#sites.remove(site);
    else await this.siteFailed(site, code, now);
  }

  /**
   * A site's answer to an instruction. The same answer again is accepted quietly.
   * @throws RoundError; FedBapsError when the secure sum refuses the answer: the site is dropped then.
   */
  async receive(site: string, reply: Reply, now: number): Promise<void> {
    checkReference(reply.reference, this.reference);
    if (this.#sites.get(site) === undefined)
      throw new RoundError("NOT_IN_ROUND", `${site} is not in this round`, { site });
    const digest = digestOf(reply);
    const before = this.#sites.answerOf(site, reply.phase);
    if (before === digest) {
      if (!this.#sites.isDropped(site)) this.#sites.heard(site, now);
      return;
    }
    if (this.#sites.isDropped(site)) throw new RoundError("DROPPED", `${site} was dropped from this attempt`, { site });
    checkPhase(reply.phase, this.phase);
    if (before !== undefined)
      throw new RoundError("CONFLICT", `${site} answered ${reply.phase} differently before`, { site });
    this.#sites.heard(site, now);
    try {
      this.#take(site, reply);
      this.#sites.setAnswer(site, reply.phase, digest);
    } catch (error) {
      const refusal = error instanceof FedBapsError ? error : refused(site, error);
      this.#drop(site, refusal.code, now);
      throw refusal;
    } finally {
      await this.tick(now);
    }
  }

  /** A sign of life while the site trains; out of date or unexpected ones say nothing and are ignored. */
  progress(site: string, progress: Progress, now: number): void {
    const { study, round, attempt } = progress.reference;
    const { reference } = this;
    if (study !== reference.study || round !== reference.round || this.finished || this.#sites.isDropped(site)) return;
    this.#sites.heard(site, now);
    if (attempt === reference.attempt) this.#sites.setProgress(site, progress);
  }

  /** A site that says it cannot go on is dropped at once; while recruiting it is only not ready, and may become so. */
  async siteFailed(site: string, code: string, now: number): Promise<void> {
    if (this.finished || this.#sites.get(site) === undefined) return;
    if (this.#state.phase === "recruiting") this.#sites.setReady(site, false, code);
    else this.#drop(site, code, now);
    await this.tick(now);
  }

  /** any -> aborted. A finished round stays as it is. */
  abort(code: string, now: number): void {
    if (this.finished) return;
    const { phase } = this.#state as { phase: ReplyPhase };
    const cohort = "cohort" in this.#state ? { cohort: this.#state.cohort } : {};
    this.#move({ phase: "aborted", code, during: phase, ...cohort }, now);
  }

  /** Drops who has been silent for too long and takes every transition that is due. */
  async tick(now: number): Promise<void> {
    for (;;) {
      const state = this.#state;
      if (state.phase === "recruiting") this.#tryTraining(now);
      else if (state.phase === "training") await this.#tryCohort(state, now);
      else if (state.phase !== "completed" && state.phase !== "aborted") await this.#trySum(state, now);
      if (this.#state === state) return;
    }
  }

  /** What this site is asked now; undefined when it has answered or has no part. */
  instructionFor(site: string): Instruction | undefined {
    if (this.#sites.get(site) === undefined || !this.#owing().includes(site)) return undefined;
    return instructionOf(this.#state, this.#init, site);
  }

  /** When `tick` has something to do although nobody spoke; null: never. */
  deadline(): number | null {
    if (this.finished) return null;
    const owing = this.#owing();
    const silent = owing.map((site) => this.#sites.silentAt(site));
    if (this.#state.phase !== "recruiting") return silent.length === 0 ? null : Math.min(...silent);
    if (this.#named.length - owing.length < this.#required) return null;
    return Math.max(this.#init.notBefore ?? 0, ...silent);
  }

  view(): RoundView {
    const { phase } = this.#state;
    const waitingFor = this.#owing();
    return {
      reference: this.reference,
      phase,
      sites: this.#named.map((site) => viewSite(site, phase, this.#sites, waitingFor.includes(site))),
      waitingFor,
      reason: waitReason(phase, waitingFor),
      deadline: this.deadline(),
      startedAt: this.#init.now,
      phaseSince: this.#sites.phaseSince,
    };
  }

  /** The sites whose answer to the open phase is outstanding. */
  #owing(): string[] {
    const state = this.#state;
    if (state.phase === "completed" || state.phase === "aborted") return [];
    if (state.phase === "recruiting") return this.#named.filter((site) => !this.#sites.isReady(site));
    const expected = state.phase === "training" ? state.trainees : state.server.expected;
    return expected.filter(
      (site) => !this.#sites.isDropped(site) && this.#sites.answerOf(site, state.phase) === undefined,
    );
  }

  #take(site: string, reply: Reply): void {
    if (reply.phase === "recruiting") this.#sites.setReady(site, true);
    else if (reply.phase !== "training") takeSumReply(this.#state as SumState, site, reply);
  }

  /** recruiting -> training, with all named sites, or with k of them once the others have been silent long enough. */
  #tryTraining(now: number): void {
    const missing = this.#owing();
    const trainees = this.#named.filter((site) => this.#sites.isReady(site));
    const silent = missing.every((site) => this.#sites.silentAt(site) <= now);
    if (trainees.length < this.#required || !silent || now < (this.#init.notBefore ?? 0)) return;
    // Every site that says it is ready brings a key where one is wanted; without any the sum could not be sealed.
    if (lacksSealKey(this.#init)) return;
    for (const site of missing) this.#drop(site, this.#sites.reasonOf(site) ?? "NOT_READY", now);
    this.#move({ phase: "training", trainees }, now);
  }

  /** training -> advertiseKeys: the cohort of the sum is frozen; -> aborted when too few are left. */
  async #tryCohort(state: Extract<RoundState, { phase: "training" }>, now: number): Promise<void> {
    this.#dropSilent(now);
    const left = state.trainees.filter((site) => !this.#sites.isDropped(site));
    if (left.length < this.#required) this.abort("TOO_FEW_SITES", now);
    if (this.finished || this.#owing().length > 0) return;
    const members = left.map((site) => this.#sites.get(site)!.member);
    await this.#moveBy(() => beginSum(this.#init, members, this.#required), now);
  }

  /** Closes the open phase of the sum when nobody owes an answer; -> aborted when too few are left. */
  async #trySum(state: SumState, now: number): Promise<void> {
    this.#dropSilent(now);
    const answered = (site: string) => this.#sites.answerOf(site, state.phase) !== undefined;
    const left = state.server.expected.filter((site) => answered(site) || !this.#sites.isDropped(site));
    if (left.length < fewestLeft(state)) this.abort("TOO_FEW_SITES", now);
    if (this.finished || this.#owing().length > 0) return;
    await this.#moveBy(() => closePhase(state, this.#init.checkSum), now);
  }

  /** Moves to the state that is made; -> aborted with the code of what the secure sum refuses. */
  async #moveBy(make: () => RoundState | Promise<RoundState>, now: number): Promise<void> {
    try {
      this.#move(await make(), now);
    } catch (error) {
      if (!(error instanceof FedBapsError)) throw error;
      this.abort(error.code, now);
    }
  }

  #dropSilent(now: number): void {
    for (const site of this.#owing()) if (this.#sites.silentAt(site) <= now) this.#drop(site, "SILENT", now);
  }

  #drop(site: string, code: string, at: number): void {
    this.#sites.drop({ site, phase: this.#state.phase as ReplyPhase, code, at });
  }

  #move(state: RoundState, now: number): void {
    this.#state = state;
    this.#sites.beginPhase(now);
  }
}
