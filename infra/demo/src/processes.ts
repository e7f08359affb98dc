import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DemoError } from "./errors.js";

export type Program = "coordinator" | "site-agent";

const launchers: Record<Program, string> = {
  coordinator: fileURLToPath(new URL("../../../apps/coordinator/bin/fedbaps-coordinator.js", import.meta.url)),
  "site-agent": fileURLToPath(new URL("../../../apps/site-agent/bin/fedbaps-site.js", import.meta.url)),
};

const GRACE_MS = 2500;

export interface Running {
  readonly process: ChildProcess;
  /** Ends with the exit status, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts our own programs and leaves none behind: not on an error, not on Ctrl-C, not when the demo itself is killed softly. */
export class Processes {
  readonly #running = new Set<ChildProcess>();

  constructor() {
    process.on("exit", () => {
      for (const child of this.#running) child.kill("SIGKILL");
    });
  }

  /** Starts a program; its lines go to the two callbacks. */
  start(
    program: Program,
    args: readonly string[],
    lines: { readonly stdout?: (line: string) => void; readonly stderr?: (line: string) => void },
  ): Running {
    // Not in the terminal's foreground group: Ctrl-C reaches the demo alone, which then ends them in order.
    const child = spawn(process.execPath, ["--no-warnings", launchers[program], ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#running.add(child);
    if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => lines.stdout?.(line));
    if (child.stderr) createInterface({ input: child.stderr }).on("line", (line) => lines.stderr?.(line));
    const ended = new Promise<number | string>((resolve) => {
      child.on("close", (status, signal) => {
        this.#running.delete(child);
        resolve(status ?? signal ?? "unknown");
      });
      child.on("error", () => resolve("could not be started"));
    });
    return { process: child, ended };
  }

  /** Runs a program to its end. @returns its standard output. @throws DemoError DEMO_PROCESS with its last line. */
  async run(program: Program, args: readonly string[]): Promise<string> {
    const out: string[] = [];
    const errors: string[] = [];
    const { ended } = this.start(program, args, {
      stdout: (line) => out.push(line),
      stderr: (line) => errors.push(line),
    });
    const status = await ended;
    if (status !== 0) throw new DemoError("DEMO_PROCESS", errors.at(-1) ?? `${program} ended with ${status}`);
    return out.join("\n");
  }

  /** Asks every process to stop, and makes those that do not. */
  async stopAll(): Promise<void> {
    const children = [...this.#running];
    const closed = children.map((child) => new Promise<void>((resolve) => child.once("close", () => resolve())));
    for (const child of children) child.kill("SIGTERM");
    const force = setTimeout(() => {
      for (const child of children) child.kill("SIGKILL");
    }, GRACE_MS);
    await Promise.all(closed);
    clearTimeout(force);
  }
}
