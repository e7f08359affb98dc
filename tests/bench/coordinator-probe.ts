/** What a process has used since the figures were taken before. */
export interface ProcessFigures {
  readonly wallMs: number;
  /** User and system, all threads. */
  readonly cpuMs: number;
  /** The longest time that a timer which was due had to wait for the event loop. */
  readonly stallMs: number;
  /**
   * The same without what others did to it: of each wait no more than the processor time that the process used in it. A
   * busy machine does not lengthen that, and threads that collect garbage beside the loop do not count.
   */
  readonly ownStallMs: number;
  /** Highest resident memory seen at a turn of the timer, in MB. */
  readonly rssPeakMb: number;
}

export interface Memory {
  readonly rssMb: number;
  readonly heapMb: number;
  /** Buffers and WebAssembly memory: the embedded database is here. */
  readonly externalMb: number;
  /** Highest resident memory since the process began. */
  readonly rssPeakMb: number;
}

const PERIOD_MS = 5;
const MB = 1e6;

/** Looks every few milliseconds at the process that it runs in. */
export class ProcessProbe {
  #since = performance.now();
  #cpuSince = cpuMs();
  #turn = performance.now();
  #cpuTurn = cpuMs();
  #stallMs = 0;
  #ownStallMs = 0;
  #rssPeak = 0;

  constructor() {
    setInterval(() => this.#look(), PERIOD_MS).unref();
  }

  /** Figures since the last call. */
  take(): ProcessFigures {
    this.#look();
    const figures = {
      wallMs: this.#turn - this.#since,
      cpuMs: this.#cpuTurn - this.#cpuSince,
      stallMs: this.#stallMs,
      ownStallMs: this.#ownStallMs,
      rssPeakMb: this.#rssPeak / MB,
    };
    this.#since = this.#turn;
    this.#cpuSince = this.#cpuTurn;
    this.#stallMs = this.#ownStallMs = this.#rssPeak = 0;
    return figures;
  }

  /** What the process holds now, after a collection of garbage where the process allows one. */
  memory(): Memory {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    const rssPeakMb = (process.resourceUsage().maxRSS * 1024) / MB;
    return { rssMb: rss / MB, heapMb: heapUsed / MB, externalMb: external / MB, rssPeakMb };
  }

  #look(): void {
    const now = performance.now();
    const cpu = cpuMs();
    const wait = Math.max(0, now - this.#turn - PERIOD_MS);
    this.#stallMs = Math.max(this.#stallMs, wait);
    this.#ownStallMs = Math.max(this.#ownStallMs, Math.min(wait, cpu - this.#cpuTurn));
    this.#rssPeak = Math.max(this.#rssPeak, process.memoryUsage.rss());
    this.#turn = now;
    this.#cpuTurn = cpu;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}
