import type { StudyState } from "./coordinator-process.js";

/** What an agent says of itself with `--progress-json`, one line each. */
export interface AgentProgress {
  readonly round?: number;
  readonly phase?: string;
  readonly queries?: number;
  readonly budget?: number;
  readonly loss?: number;
  readonly valDice?: number;
}

const PLAIN_INTERVAL_MS = 5000;

/** Live progress on standard error: a block that is drawn over itself on a terminal, now and then a line elsewhere. */
export class ProgressDisplay {
  readonly #sites = new Map<string, AgentProgress & { note?: string }>();
  #study: StudyState | undefined;
  #drawn = 0;
  #lastPlain = 0;

  constructor(
    private readonly init: {
      readonly sites: readonly string[];
      readonly budget: number;
      readonly rounds: number;
      readonly terminal: boolean;
      readonly write: (text: string) => void;
      readonly now: () => number;
      readonly started: number;
    },
  ) {
    for (const site of init.sites) this.#sites.set(site, {});
  }

  agent(site: string, line: string): void {
    try {
      const progress = JSON.parse(line) as AgentProgress;
      const known = Object.entries(progress).filter(([, value]) => value !== null && value !== undefined);
      this.#sites.set(site, { ...this.#sites.get(site), ...Object.fromEntries(known) });
    } catch {
      // A line that is not JSON is the agent's plain word to a person.
      this.say(`${site}: ${line}`);
    }
    this.draw();
  }

  note(site: string, note: string | undefined): void {
    const { note: _old, ...rest } = this.#sites.get(site) ?? {};
    this.#sites.set(site, note === undefined ? rest : { ...rest, note });
    this.draw(true);
  }

  study(state: StudyState): void {
    this.#study = state;
    for (const { site, connected } of state.sites)
      if (connected && this.#sites.get(site)?.note) this.note(site, undefined);
    this.draw();
  }

  /** A line that stays. */
  say(line: string): void {
    this.#erase();
    this.init.write(`${line}\n`);
    if (this.init.terminal) this.draw();
  }

  end(): void {
    this.#drawn = 0;
  }

  draw(force = false): void {
    const now = this.init.now();
    if (!this.init.terminal) {
      if (!force && now - this.#lastPlain < PLAIN_INTERVAL_MS) return;
      this.#lastPlain = now;
      const sites = [...this.#sites].map(([site, progress]) => `${site} ${this.#brief(progress)}`);
      this.init.write(`${[this.#headline(), ...sites].join(" | ")}\n`);
      return;
    }
    this.#erase();
    const width = Math.max(...this.init.sites.map((site) => site.length));
    const lines = [
      this.#headline(),
      ...[...this.#sites].map(([site, progress]) => `  ${site.padEnd(width)}  ${this.#brief(progress)}`),
    ];
    this.init.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.init.write(`\x1b[${this.#drawn}F\x1b[J`);
    this.#drawn = 0;
  }

  #headline(): string {
    const state = this.#study;
    if (!state) return "starting";
    const waiting = state.waiting
      ? `, waiting (${state.waiting.reason}${state.waiting.sites.length ? `: ${state.waiting.sites.join(", ")}` : ""})`
      : "";
    const phase = state.round
      ? `round ${state.round.reference.round} of ${this.init.rounds}, ${state.round.phase}`
      : state.status;
    return `${phase}${waiting}, ${this.#timeLeft()}`;
  }

  /** From the share of all budgets that is spent: the black box is what takes the time. */
  #timeLeft(): string {
    const spent = [...this.#sites.values()].reduce((sum, { queries = 0 }) => sum + queries, 0);
    const share = spent / (this.init.budget * this.#sites.size);
    const seconds = (this.init.now() - this.init.started) / 1000;
    return share < 0.05
      ? `${seconds.toFixed(0)} s`
      : `about ${Math.max(0, Math.ceil(seconds / share - seconds))} s left`;
  }

  #brief(progress: AgentProgress & { note?: string }): string {
    if (progress.note) return progress.note;
    const { phase = "starting", queries = 0, loss, valDice } = progress;
    const bar = "#".repeat(Math.min(20, Math.round((20 * queries) / this.init.budget))).padEnd(20, ".");
    const figures = [
      loss === undefined ? "" : `loss ${loss.toFixed(3)}`,
      valDice === undefined ? "" : `validation Dice ${valDice.toFixed(3)}`,
    ].filter(Boolean);
    const counted = `${queries} of ${this.init.budget} queries`;
    return [this.init.terminal ? `[${bar}] ${counted}` : counted, phase, ...figures].join(", ");
  }
}
