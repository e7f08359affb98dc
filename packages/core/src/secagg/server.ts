import { setImmediate as nextTurn } from "node:timers/promises";
import { fromBase64 } from "../common/bytes.js";
import type {
  Cohort,
  KeyAdvertisement,
  RevealedShare,
  SealedShares,
  SurvivorSignature,
  UnmaskRequest,
} from "../wire/secagg-messages.js";
import {
  checkAdvertisement,
  type Roster,
  requireEnough,
  requireMember,
  requireNewKeys,
  requireUnique,
  rosterOf,
} from "./checks.js";
import { checkCohort } from "./cohort.js";
import { SecAggError } from "./errors.js";
import { requireFullOrder, verify } from "./keys.js";
import { addMask, addWords } from "./masks.js";
import { checkRevealed, layersToRemove, type Revealed } from "./reconstruct.js";
import { digestOf } from "./step.js";
import { survivorTranscript } from "./transcripts.js";

export type SecAggPhase = "advertiseKeys" | "shareKeys" | "maskedInput" | "consistency" | "unmask";

/**
 * The coordinator's part of one attempt at one sum (Bonawitz et al., CCS 2017, figure 4). It sees public keys, sealed
 * boxes, masked vectors and shares, and ends with the sum over the survivors.
 *
 * Each phase takes messages until it is closed. A message that a site repeats is taken silently, in its phase or later;
 * a second, different one throws CONFLICTING_REPEAT. A refused message changes nothing. `close...` throws TOO_FEW_SITES
 * and stays in the phase where too few have answered. Masked vectors are added on arrival: memory is one vector.
 */
export class SecAggServer {
  readonly #roster: Roster;
  #phase: SecAggPhase = "advertiseKeys";
  #expected: readonly string[];
  #answered = new Set<string>();
  /** Digest of what each site sent in each phase. */
  readonly #digests = new Map<string, string>();

  readonly #keys = new Set<string>();
  readonly #advertisements = new Map<string, KeyAdvertisement>();
  /** By dealer, then by addressee: n squared of them are kept, so no more than the boxes. */
  readonly #boxes = new Map<string, ReadonlyMap<string, string>>();
  /** U2: who dealt shares. */
  #dealers: readonly string[] = [];
  readonly #sum: Uint32Array;
  /** U3: whose vectors are in the sum. */
  #survivors: readonly string[] = [];
  readonly #confirmations: SurvivorSignature[] = [];
  readonly #revealed: Revealed = new Map();
  #finishing: Promise<{ sum: Uint32Array; survivors: string[] }> | undefined;

  /** @throws SecAggError BAD_COHORT */
  constructor({ cohort }: { cohort: Cohort }) {
    checkCohort(cohort);
    this.#roster = rosterOf(cohort);
    this.#expected = cohort.members.map((member) => member.site);
    this.#sum = new Uint32Array(cohort.length);
  }

  get phase(): SecAggPhase {
    return this.#phase;
  }

  /** All sites that are asked in the current phase, sorted, whether they have answered or not. */
  get expected(): readonly string[] {
    return this.#expected;
  }

  /** Those of `expected` whose message of the current phase has been accepted. */
  get answered(): ReadonlySet<string> {
    return this.#answered;
  }

  /** @throws SecAggError UNKNOWN_SITE, BAD_SIGNATURE, BAD_KEY, REUSED_KEY, WRONG_PHASE or CONFLICTING_REPEAT */
  receiveAdvertisement(message: KeyAdvertisement): void {
    const { site } = message;
    this.#receive("advertiseKeys", site, digestOf(message), () => {
      checkAdvertisement(this.#roster, message);
      // The sites check both themselves and would all give up; refused here, only the offender drops out.
      requireFullOrder(fromBase64(message.shareKey), site);
      requireFullOrder(fromBase64(message.maskKey), site);
      requireNewKeys(message, this.#keys);
      this.#advertisements.set(site, message);
    });
  }

  /** Ends phase 0. @returns what every site that advertised is sent. @throws SecAggError TOO_FEW_SITES */
  closeAdvertise(): KeyAdvertisement[] {
    const sites = this.#close("advertiseKeys", "shareKeys", this.#roster.cohort.minSurvivors);
    return sites.map((site) => this.#advertisements.get(site)!);
  }

  /**
   * @param shares one box to each other site that advertised.
   * @throws SecAggError UNKNOWN_SITE, DUPLICATE_SITE, BAD_SHARES, WRONG_PHASE or CONFLICTING_REPEAT
   */
  receiveShares(from: string, shares: readonly SealedShares[]): void {
    this.#receive("shareKeys", from, digestOf(shares), () => {
      const addressees = shares.map((sealed) => sealed.to);
      requireUnique(addressees, `the shares of ${from}`);
      const expected = new Set(this.#expected);
      const right = shares.every(({ from: sender, to }) => sender === from && to !== from && expected.has(to));
      if (!right || shares.length !== this.#expected.length - 1)
        throw new SecAggError("BAD_SHARES", `${from} did not deal one box to each other site`, { site: from });
      this.#boxes.set(from, new Map(shares.map(({ to, box }) => [to, box])));
    });
  }

  /** Ends phase 1. @throws SecAggError TOO_FEW_SITES */
  closeShares(): void {
    this.#dealers = this.#close("shareKeys", "maskedInput", this.#roster.cohort.minSurvivors);
  }

  /**
   * The boxes for one site, from every other site that dealt.
   * @throws SecAggError WRONG_PHASE before `closeShares`, UNKNOWN_SITE for a site that did not deal itself.
   */
  sharesFor(site: string): SealedShares[] {
    if (this.#dealers.length === 0) throw new SecAggError("WRONG_PHASE", "shares are handed out after closeShares");
    if (!this.#dealers.includes(site))
      throw new SecAggError("UNKNOWN_SITE", `${site} dealt no shares and gets none`, { site });
    const peers = this.#dealers.filter((from) => from !== site);
    return peers.map((from) => ({ from, to: site, box: this.#boxes.get(from)!.get(site)! }));
  }

  /** @throws SecAggError UNKNOWN_SITE, BAD_LENGTH, WRONG_PHASE or CONFLICTING_REPEAT */
  receiveMaskedInput(site: string, vector: Uint32Array): void {
    this.#receive("maskedInput", site, digestOf(site, vector), () => {
      if (vector.length !== this.#sum.length)
        throw new SecAggError(
          "BAD_LENGTH",
          `the vector of ${site} has ${vector.length} elements, the cohort agreed on ${this.#sum.length}`,
          { site },
        );
      addWords(this.#sum, vector);
    });
  }

  /** Ends phase 2. @returns the survivors, sorted. @throws SecAggError TOO_FEW_SITES */
  closeMaskedInput(): string[] {
    this.#survivors = this.#close("maskedInput", "consistency", this.#roster.cohort.minSurvivors);
    this.#boxes.clear();
    return [...this.#survivors];
  }

  #dropped(): string[] {
    return this.#dealers.filter((site) => !this.#survivors.includes(site));
  }

  /** @throws SecAggError UNKNOWN_SITE, BAD_SIGNATURE, WRONG_PHASE or CONFLICTING_REPEAT */
  receiveConfirmation(message: SurvivorSignature): void {
    const { site, signature } = message;
    this.#receive("consistency", site, digestOf(message), () => {
      const { cohort, hash } = this.#roster;
      const signed = survivorTranscript(cohort, hash, this.#survivors, this.#dropped());
      if (!verify(signed, signature, requireMember(this.#roster, site).signKey))
        throw new SecAggError("BAD_SIGNATURE", `${site} did not sign the list of survivors`, { site });
      this.#confirmations.push({ site, signature });
    });
  }

  /** Ends phase 3. @returns what every site that signed is sent. @throws SecAggError TOO_FEW_SITES */
  closeConfirmations(): UnmaskRequest {
    this.#close("consistency", "unmask", this.#roster.cohort.threshold);
    const signatures = [...this.#confirmations].sort((a, b) => (a.site < b.site ? -1 : 1));
    return { survivors: [...this.#survivors], dropped: this.#dropped(), signatures };
  }

  /**
   * @param shares one of every site that dealt: of a survivor's self mask, of a drop-out's mask key.
   * @throws SecAggError UNKNOWN_SITE, DUPLICATE_SITE, BAD_SHARES, WRONG_PHASE or CONFLICTING_REPEAT
   */
  receiveRevealed(site: string, shares: readonly RevealedShare[]): void {
    this.#receive("unmask", site, digestOf(shares), () => {
      this.#revealed.set(site, checkRevealed(site, shares, this.#dealers, new Set(this.#survivors)));
    });
  }

  /**
   * Ends phase 4: rebuilds the secrets, checks each, and takes the masks off the sum. After TOO_FEW_SITES or BAD_SHARES
   * it may be called again when more sites have answered.
   * @returns the sum of the survivors' inputs modulo 2^32; the same result when called again.
   * @throws SecAggError WRONG_PHASE, TOO_FEW_SITES, BAD_SHARES (with `site`, whose secret could not be rebuilt)
   */
  async finish(): Promise<{ sum: Uint32Array; survivors: string[] }> {
    this.#require("unmask");
    requireEnough(this.#revealed.size, this.#roster.cohort.threshold, "answers to unmask");
    this.#finishing ??= this.#takeOffMasks();
    try {
      return await this.#finishing;
    } catch (error) {
      this.#finishing = undefined;
      throw error;
    }
  }

  async #takeOffMasks(): Promise<{ sum: Uint32Array; survivors: string[] }> {
    const layers = await layersToRemove({
      cohort: this.#roster.cohort,
      advertisements: this.#advertisements,
      survivors: this.#survivors,
      dropped: this.#dropped(),
      revealed: new Map(this.#revealed),
    });
    // Nothing below can fail: the sum is either untouched or free of all masks.
    for (const layer of layers) {
      addMask(this.#sum, layer);
      await nextTurn();
    }
    return { sum: this.#sum, survivors: [...this.#survivors] };
  }

  #require(phase: SecAggPhase): void {
    if (this.#phase !== phase)
      throw new SecAggError("WRONG_PHASE", `this belongs to ${phase}, the round is in ${this.#phase}`, { phase });
  }

  /** Takes one message: checks who may send it now, recognises a repeat, and remembers it once `accept` has. */
  #receive(phase: SecAggPhase, site: string, digest: string, accept: () => void): void {
    const key = `${phase} ${site}`;
    const known = this.#digests.get(key);
    if (known === digest) return;
    if (known !== undefined)
      throw new SecAggError("CONFLICTING_REPEAT", `${site} sent a second, different message for ${phase}: refused`, {
        site,
        phase,
      });
    requireMember(this.#roster, site);
    this.#require(phase);
    if (!this.#expected.includes(site))
      throw new SecAggError("UNKNOWN_SITE", `${site} has dropped out of this attempt before ${phase}`, { site, phase });
    accept();
    this.#digests.set(key, digest);
    this.#answered.add(site);
  }

  /** current phase -> next, with those who answered. */
  #close(phase: SecAggPhase, next: SecAggPhase, needed: number): string[] {
    this.#require(phase);
    const sites = this.#expected.filter((site) => this.#answered.has(site));
    requireEnough(sites.length, needed, `answers to ${phase}`);
    this.#phase = next;
    this.#expected = sites;
    this.#answered = new Set();
    return sites;
  }
}
