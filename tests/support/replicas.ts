import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Centre } from "./simulated-site.js";

const program = fileURLToPath(new URL("../../apps/coordinator/bin/fedbaps-coordinator.js", import.meta.url));

interface Replica {
  readonly url: string;
  readonly fingerprint: string;
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
}

/** Several coordinator processes on one PostgreSQL, behind one address that leads to whichever of them answers. */
export class Replicas implements Centre {
  readonly #running = new Map<number, Replica>();
  #balancer: Server | undefined;
  #next = 0;
  token = "";
  url = "";

  private constructor(
    private readonly folder: string,
    private readonly databaseUrl: string,
  ) {}

  static async start(folder: string, databaseUrl: string, count: number): Promise<Replicas> {
    const replicas = new Replicas(folder, databaseUrl);
    await replicas.#balance();
    // All at once: they agree on keys, first token and schema.
    await Promise.all(Array.from({ length: count }, (_, index) => replicas.serve(index)));
    for (let index = 0; index < count && replicas.token === ""; index++)
      replicas.token = await readFile(join(replicas.#home(index), "admin-token"), "utf8").then(
        (text) => text.trim(),
        () => "",
      );
    return replicas;
  }

  get fingerprint(): string {
    return this.#alive()[0].fingerprint;
  }

  get fingerprints(): string[] {
    return this.#alive().map(({ fingerprint }) => fingerprint);
  }

  /** Starts the process of this number. */
  async serve(index: number): Promise<void> {
    const child = spawn(
      process.execPath,
      ["--no-warnings", program, "serve", "--home", this.#home(index), "--port", "0", "--json", "--json-log"],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, DATABASE_URL: this.databaseUrl } },
    );
    const errors: string[] = [];
    createInterface({ input: child.stderr! }).on("line", (line) => errors.push(line));
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const line = await Promise.race([
      new Promise<string>((resolve) => createInterface({ input: child.stdout! }).once("line", resolve)),
      ended.then(() => ""),
    ]);
    if (line === "") throw new Error(`a coordinator did not start: ${errors.slice(-3).join(" | ")}`);
    this.#running.set(index, { ...(JSON.parse(line) as Pick<Replica, "url" | "fingerprint">), process: child, ended });
  }

  async kill(index: number, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const replica = this.#running.get(index);
    this.#running.delete(index);
    replica?.process.kill(signal);
    await replica?.ended;
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.#running.get(index)?.process.kill(signal);
  }

  get numbers(): number[] {
    return [...this.#running.keys()];
  }

  /** Asks one of the processes, or the one of a number; undefined when it does not answer well. */
  async ask<T>(method: string, path: string, body?: unknown, index?: number): Promise<T | undefined> {
    const candidates = index === undefined ? this.#alive() : [this.#running.get(index)!];
    const { url } = candidates[this.#next++ % candidates.length];
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => undefined);
    return response?.ok ? ((await response.json()) as T) : undefined;
  }

  /** The number of the process that drives a study; undefined while none does. */
  async driverOf(study: string): Promise<number | undefined> {
    for (const index of this.numbers) {
      const own = await this.ask<{ replica: string }>("GET", "/coordinator", undefined, index);
      const view = await this.ask<{ driver: string | null }>("GET", `/studies/${study}`, undefined, index);
      if (view?.driver != null && view.driver === own?.replica) return index;
    }
    return undefined;
  }

  async close(): Promise<void> {
    for (const index of this.numbers) await this.kill(index, "SIGTERM");
    this.#balancer?.close();
  }

  #home(index: number): string {
    return join(this.folder, `replica-${index}`);
  }

  #alive(): Replica[] {
    return [...this.#running.values()];
  }

  /** Each new link leads to the next process that takes it. */
  async #balance(): Promise<void> {
    const server = createServer((client) => this.#forward(client, this.#alive().length));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#balancer = server;
    this.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  #forward(client: Socket, tries: number): void {
    const alive = this.#alive();
    if (tries === 0 || alive.length === 0) return void client.destroy();
    const { port } = new URL(alive[this.#next++ % alive.length].url);
    const upstream = connect(Number(port), "127.0.0.1");
    upstream.once("error", () => this.#forward(client, tries - 1));
    upstream.once("connect", () => {
      upstream.removeAllListeners("error");
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ]) {
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.pipe(to);
      }
    });
  }
}
