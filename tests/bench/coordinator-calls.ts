import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { messageOf } from "@fedbaps/core/common/errors.js";

/** What a process of the benchmark can be asked, by name. */
export type Service = Record<string, (...argument: never[]) => unknown>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: readonly never[];
}
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly problem?: string;
}

/** A process that this one has started and asks for things. */
export class Worker<S extends Service> {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  /** @param file beside this one. */
  constructor(file: string, execArgv: readonly string[] = []) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
      execArgv: [...process.execArgv, ...execArgv],
    });
    this.#child.on("message", (answer: Answer) => this.#open.get(answer.id)?.(answer));
    this.#child.on("exit", (status, signal) => {
      for (const settle of this.#open.values()) settle({ id: 0, problem: `${file} has ended (${signal ?? status})` });
    });
  }

  /** @throws Error with the other side's message. */
  async call<N extends keyof S & string>(name: N, ...argument: Parameters<S[N]>): Promise<Awaited<ReturnType<S[N]>>> {
    const id = ++this.#calls;
    const answered = new Promise<Answer>((resolve) => this.#open.set(id, resolve));
    this.#child.send({ id, name, argument });
    const { result, problem } = await answered;
    this.#open.delete(id);
    if (problem !== undefined) throw new Error(`${name}: ${problem}`);
    return result as Awaited<ReturnType<S[N]>>;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill();
    await ended;
  }
}

/** The other side: answers what the parent asks, until the parent is gone. */
export function serve(service: Service): void {
  process.on("message", async ({ id, name, argument }: Call) => {
    try {
      process.send?.({ id, result: await service[name](...argument) });
    } catch (error) {
      process.send?.({ id, problem: messageOf(error) });
    }
  });
  process.on("disconnect", () => process.exit(0));
}
