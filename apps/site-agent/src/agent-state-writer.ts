import { type Clock, elapsed } from "@fedbaps/core/common/clock.js";
import { type AgentState, stateFile } from "./agent-state.js";
import type { Home } from "./home.js";
import { writeJson } from "./json-file.js";
import type { Pause } from "./policy/query-gate.js";
import type { ProgressFigures } from "./progress.js";

/** At most so often while things change, and at least so often while nothing does: a reader sees that the agent lives. */
const WRITE_MS = 1000;
const ALIVE_MS = 60_000;
/** In these the black box is asked: only they wait for the policy. */
const PAID_PHASES = ["validating", "training", "fine-tuning", "report"];

type StudyState = AgentState["studies"][number];

export interface AgentStateWriterInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly pid: number;
}

/**
 * What the running agent does, kept in state.json for whoever asks from outside: `status`, a health check. Written whole
 * or not at all; a disk that takes it not is no hindrance.
 */
export class AgentStateWriter {
  readonly #studies = new Map<string, Omit<StudyState, "waiting">>();
  #link: AgentState["link"];
  #lastError: AgentState["lastError"];
  #pause: Pause | undefined;
  #written = Number.NEGATIVE_INFINITY;
  #cancel = () => {};
  #due = Number.POSITIVE_INFINITY;
  #stopped = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly init: AgentStateWriterInit) {
    this.#link = { state: "connecting", since: this.#iso(init.clock.now()) };
  }

  /** @param code why there is no link, where that is known */
  link(state: AgentState["link"]["state"], code?: string): void {
    const { state: before, since, code: why } = this.#link;
    const same = state === before;
    // A refusal is told with its code, and then once more as a link that ended.
    const known = code ?? (same ? why : undefined);
    this.#link = {
      state,
      since: same ? since : this.#now(),
      ...(known === undefined ? {} : { code: known.slice(0, 64) }),
    };
    this.#changed();
  }

  study(figures: ProgressFigures): void {
    const { study, phase, round, stepsDone, stepsPlanned, queries, budget, secondsLeft } = figures;
    const known = { round, stepsDone, stepsPlanned, secondsLeft };
    const given = Object.entries(known).filter(([, value]) => value !== undefined);
    this.#studies.set(study, { study, phase, queries, budget, ...Object.fromEntries(given) });
    this.#changed();
  }

  /** Why the black box is not asked now; undefined when it is again. */
  waiting(pause: Pause | undefined): void {
    this.#pause = pause;
    this.#changed();
  }

  /** @param code of an error; its text may name files and stays where it was said */
  failed(code: string, study?: string): void {
    this.#lastError = { at: this.#now(), code: code.slice(0, 64), ...(study === undefined ? {} : { study }) };
    this.#changed();
  }

  /** Writes it for the last time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#write();
  }

  #changed(): void {
    this.#writeIn(Math.max(0, this.#written + WRITE_MS - elapsed(this.init.clock)));
  }

  #writeIn(milliseconds: number): void {
    const { clock } = this.init;
    const due = elapsed(clock) + milliseconds;
    if (this.#stopped || due >= this.#due) return;
    this.#cancel();
    this.#due = due;
    this.#cancel = clock.after(milliseconds, () => void this.#write());
  }

  #write(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    this.#written = elapsed(this.init.clock);
    this.#writeIn(ALIVE_MS);
    this.#writing = this.#writing.then(() => writeJson(stateFile(this.init.home), this.#state()).catch(() => {}));
    return this.#writing;
  }

  #state(): AgentState {
    return {
      at: this.#now(),
      pid: this.init.pid,
      link: this.#link,
      ...(this.#lastError ? { lastError: this.#lastError } : {}),
      studies: [...this.#studies.values()].map((study) => ({ ...study, ...this.#waitingOf(study) })),
    };
  }

  #waitingOf({ phase }: Pick<StudyState, "phase">): Pick<StudyState, "waiting"> {
    if (!this.#pause || !PAID_PHASES.includes(phase)) return {};
    const { reason, until } = this.#pause;
    return { waiting: { reason, until: this.#iso(until) } };
  }

  #now(): string {
    return this.#iso(this.init.clock.now());
  }

  #iso(time: number): string {
    return new Date(time).toISOString();
  }
}
