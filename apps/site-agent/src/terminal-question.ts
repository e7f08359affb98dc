import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

export interface TerminalQuestion {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
  /** Whether what is typed is shown. */
  readonly shown: boolean;
  /** Called at Ctrl-C: while a line is read the terminal passes it on as a key, and no signal is sent. */
  interrupted(): void;
}

/** Reads one line from a terminal. @returns undefined when nothing was typed: Ctrl-D, Ctrl-C, or `signal` */
export async function askTerminal(question: string, init: TerminalQuestion): Promise<string | undefined> {
  const { input, output, signal, shown, interrupted } = init;
  if (!shown) output.write(question);
  // With an output of its own the terminal no longer shows what is typed; this one says nothing.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: shown ? output : silent, terminal: true });
  terminal.once("SIGINT", () => {
    interrupted();
    terminal.close();
  });
  const ended = new Promise<undefined>((resolve) => terminal.once("close", () => resolve(undefined)));
  try {
    return await Promise.race([terminal.question(question, { signal }), ended]);
  } catch (error) {
    // Ctrl-D, or the signal.
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw error;
  } finally {
    terminal.close();
    if (!shown) output.write("\n");
  }
}
