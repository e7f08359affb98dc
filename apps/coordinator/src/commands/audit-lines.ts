import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { CoordinatorError } from "../errors.js";
import { type ApiAccess, refusalOf } from "./api-client.js";

/** The lines of a running coordinator's export, as they come. @throws CoordinatorError UNREACHABLE; Refusal */
export async function* exportLines({ url, token }: ApiAccess): AsyncGenerator<string> {
  const unreachable = () =>
    new CoordinatorError("UNREACHABLE", `no coordinator answers at ${url}; is it running, is --url right?`);
  const response = await fetch(`${url}/api/v1/audit/export`, { headers: { authorization: `Bearer ${token}` } }).catch(
    () => {
      throw unreachable();
    },
  );
  if (!response.ok || response.body === null)
    throw refusalOf(response.status, await response.json().catch(() => undefined));
  try {
    yield* linesOf(Readable.fromWeb(response.body));
  } catch {
    throw new CoordinatorError("UNREACHABLE", `the export from ${url} was cut off; try again`);
  }
}

/** The lines of a file. @throws CoordinatorError NOT_FOUND for one that cannot be read */
export async function* fileLines(file: string): AsyncGenerator<string> {
  try {
    yield* linesOf(createReadStream(file));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new CoordinatorError("NOT_FOUND", `cannot read ${file} (${reason}); name a file that audit export wrote`);
  }
}

/** What each line holds; undefined for one that is no JSON. Empty lines are passed over. */
export async function* parsedLines(lines: AsyncIterable<string>): AsyncGenerator<unknown> {
  for await (const line of lines) {
    if (line.trim() === "") continue;
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      entry = undefined;
    }
    yield entry;
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const failed = new Promise<never>((_, reject) => stream.once("error", reject));
  failed.catch(() => {});
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  try {
    for (;;) {
      // The reader of lines does not pass on what goes wrong below it.
      const next = await Promise.race([lines.next(), failed]);
      if (next.done === true) {
        if (stream.errored !== null) throw stream.errored;
        return;
      }
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}
