import { setImmediate as nextTurn } from "node:timers/promises";
import type { Instruction } from "@fedbaps/core/wire/messages.js";
import { Participant, SharedWork } from "./coordinator-participant.js";
import type { SimulatedSite } from "./coordinator-site.js";

const PATIENCE_MS = 180_000;

/** What a phase has brought to the sites' side. */
export interface PhaseTraffic {
  /** From the first answer sent until every site knew what comes next. */
  readonly wallMs: number;
  /** Of all sites together, in bytes. */
  readonly up: number;
  readonly down: number;
}

/**
 * The sites of one study, in step: all work out their answers first, then all send at once, which is the most that can
 * meet the coordinator. So the sites' work is in none of its figures.
 */
export class SimulatedCohort {
  readonly #participants: readonly Participant[];
  /** Those that have not given up in the open round. */
  #active: readonly Participant[];
  #sends: (() => Promise<void>)[] = [];
  #outstanding = new Set<Participant>();
  #allAsked = () => {};
  #fail = (_problem: Error) => {};
  #completed = false;

  constructor(
    readonly study: string,
    sites: readonly SimulatedSite[],
  ) {
    const shared = new SharedWork();
    this.#participants = sites.map((site) => new Participant(site, study, shared));
    this.#active = this.#participants;
    for (const participant of this.#participants)
      participant.site.takers.set(study, (instruction) => this.#take(participant, instruction));
  }

  get completed(): boolean {
    return this.#completed;
  }

  /** The open phase. */
  get phase(): string {
    return this.#active[0].asked?.phase ?? "none";
  }

  /** Does something that lets the coordinator ask all sites, and waits until it has. */
  async untilAsked(act: () => Promise<unknown>): Promise<PhaseTraffic> {
    this.#outstanding = new Set(this.#active);
    const asked = new Promise<void>((resolve, reject) => {
      this.#allAsked = resolve;
      this.#fail = reject;
    });
    const patience = setTimeout(
      () => this.#fail(new Error(`${this.study}: ${this.#outstanding.size} sites wait in vain in ${this.phase}`)),
      PATIENCE_MS,
    );
    const before = this.#traffic();
    const start = performance.now();
    try {
      await Promise.all([act(), asked]);
    } finally {
      clearTimeout(patience);
    }
    const wallMs = performance.now() - start;
    const after = this.#traffic();
    return { wallMs, up: after.up - before.up, down: after.down - before.down };
  }

  /** Works out all answers. @returns processor time of this process, in milliseconds. */
  async prepare(): Promise<number> {
    const start = process.cpuUsage();
    this.#sends = [];
    for (const participant of this.#active) {
      this.#sends.push(await participant.prepare());
      // Or the links would be given up for dead.
      await nextTurn();
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e3;
  }

  /** Sends all answers at once. @param giveUp how many sites say instead that they cannot go on. */
  release(giveUp = 0): Promise<PhaseTraffic> {
    const [lost, left] = [this.#active.slice(0, giveUp), this.#active.slice(giveUp)];
    const sends = [...lost.map((participant) => () => participant.giveUp()), ...this.#sends.slice(giveUp)];
    this.#active = left;
    this.#sends = [];
    return this.untilAsked(() => Promise.all(sends.map((send) => send())));
  }

  #take(participant: Participant, instruction: Instruction): void {
    if (instruction.phase === "wait") {
      const { reason } = instruction;
      if (reason === "round-aborted" || reason === "paused") this.#fail(new Error(`${this.study}: ${reason}`));
      if (reason !== "completed") return;
      this.#completed = true;
    } else {
      // Said twice, where a site has also been told what it was asked before.
      if (JSON.stringify(nameOf(instruction)) === JSON.stringify(participant.asked && nameOf(participant.asked)))
        return;
      participant.asked = instruction;
    }
    if (this.#outstanding.delete(participant) && this.#outstanding.size === 0) this.#allAsked();
  }

  #traffic(): { up: number; down: number } {
    const sum = { up: 0, down: 0 };
    for (const { site } of this.#participants) {
      sum.up += site.traffic.up;
      sum.down += site.traffic.down;
    }
    return sum;
  }
}

/** Tells one question from the next. */
function nameOf(instruction: Instruction): unknown {
  const reference =
    "cohort" in instruction ? instruction.cohort.reference : "reference" in instruction && instruction.reference;
  return [instruction.phase, reference];
}
