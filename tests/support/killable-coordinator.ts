import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const script = fileURLToPath(new URL("./killable-coordinator-process.mjs", import.meta.url));

/** The process ends by SIGKILL at its n-th write to the tables of studies, counted from its start. */
export interface KillPoint {
  /** From 1. */
  readonly point: number;
  readonly when: "before" | "after";
  /** Only writes that name this study count. */
  readonly study?: string;
}

export interface KillableSettings {
  readonly home: string;
  /** 0: a free one at the first start, and the same at all later ones. */
  readonly port: number;
  /** How fast its clock runs, for waits of minutes and hours; 1 by default. */
  readonly speed?: number;
  /** Milliseconds between its pings, and for which it waits for their answers; by default as in production. */
  readonly ping?: number;
}

const sumsSchema = z.array(z.object({ study: z.string(), round: z.number(), attempt: z.number(), sum: z.string() }));
const lineSchema = z.union([
  z.object({ ready: z.object({ url: z.string(), fingerprint: z.string(), token: z.string() }) }),
  z.object({ sums: sumsSchema }),
  z.object({ killed: z.string() }),
]);
type Ready = Extract<z.infer<typeof lineSchema>, { ready: unknown }>["ready"];

/** The real coordinator in a process of its own, killed and started again on the same home and port. */
export class KillableCoordinator {
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #ready: Ready | undefined;
  #port: number;
  #errors = "";
  /** What was being written when it killed itself, kill by kill. */
  readonly kills: string[] = [];
  /** SHA-256 of every completed round's sum, by "study/round". */
  readonly sums = new Map<string, string>();
  /** Sums that changed or went away after they were stored. Stays empty. */
  readonly lost: string[] = [];

  private constructor(private readonly settings: KillableSettings) {
    this.#port = settings.port;
  }

  static async start(settings: KillableSettings, kill?: KillPoint): Promise<KillableCoordinator> {
    const coordinator = new KillableCoordinator(settings);
    await coordinator.start(kill);
    return coordinator;
  }

  get url(): string {
    return this.#known.url;
  }

  get token(): string {
    return this.#known.token;
  }

  get fingerprint(): string {
    return this.#known.fingerprint;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it again. Resolves when it serves, or when it killed itself before that. */
  async start(kill?: KillPoint): Promise<void> {
    const { home, speed = 1, ping } = this.settings;
    const settings = JSON.stringify({ home, port: this.#port, speed, ping, kill });
    const child = spawn(process.execPath, ["--no-warnings", script, settings], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#errors = "";
    child.stderr?.on("data", (chunk) => (this.#errors += chunk));
    let serves: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      serves = resolve;
    });
    const killedItself = this.kills.length;
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (text) => {
      const line = lineSchema.parse(JSON.parse(text));
      if ("sums" in line) this.#noteSums(line.sums);
      else if ("killed" in line) this.kills.push(line.killed);
      else {
        this.#ready = line.ready;
        this.#port = Number(new URL(line.ready.url).port);
        serves();
      }
    });
    this.#ended = new Promise((resolve) => {
      child.on("close", () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      });
    });
    await Promise.race([ready, this.#ended]);
    if (!this.running && this.kills.length === killedItself)
      throw new Error(`the coordinator ended by itself: ${this.#errors}`);
  }

  /** Resolves when the process is gone. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }

  /** Asks its API; undefined where it is not there to answer. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
    try {
      const response = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return response.ok ? ((await response.json()) as T) : undefined;
    } catch {
      return undefined;
    }
  }

  #noteSums(rows: z.infer<typeof sumsSchema>): void {
    const now = new Map(rows.map(({ study, round, sum }) => [`${study}/${round}`, sum]));
    for (const [key, sum] of this.sums) if (now.get(key) !== sum) this.lost.push(key);
    for (const [key, sum] of now) this.sums.set(key, sum);
  }

  get #known(): Ready {
    if (this.#ready === undefined) throw new Error("the coordinator has not been started");
    return this.#ready;
  }
}
