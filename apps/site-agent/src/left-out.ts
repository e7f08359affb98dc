import type { Logger } from "@fedbaps/core/common/logger.js";
import type { Dataset } from "@fedbaps/core/data/dataset.js";
import { codesText, countByCode } from "@fedbaps/core/data/tolerance.js";
import { type CommandIo, say } from "./command-io.js";

const LISTED = 10;

/** How many cases are left out, by code: names no file. Undefined where all are used. */
export function leftOutLine({ train, val, test, leftOut = [] }: Dataset): string | undefined {
  if (leftOut.length === 0) return undefined;
  const total = train.length + val.length + test.length + leftOut.length;
  return (
    `${leftOut.length} of ${total} cases are left out (${codesText(leftOut)}); ` +
    "fedbaps-site data check names them and says what to do"
  );
}

/** Tells the person what is left out; the files only at a terminal, as standard error may go into a log. */
export function sayLeftOut(io: CommandIo, dataset: Dataset): void {
  const line = leftOutLine(dataset);
  if (line === undefined) return;
  say(io, `note: ${line}`);
  const { leftOut = [] } = dataset;
  if (!io.terminal) return;
  for (const { code, file, message } of leftOut.slice(0, LISTED)) say(io, `  ${code} ${file}: ${message}`);
  if (leftOut.length > LISTED) say(io, `  and ${leftOut.length - LISTED} more`);
}

/** Tells of a service's work what is left out: its lines end in a journal and its log, so no file is named. */
export function tellLeftOut(
  dataset: Dataset,
  { say: tell, logger }: { readonly say: (line: string) => void; readonly logger: Logger },
): void {
  const line = leftOutLine(dataset);
  if (line !== undefined) tell(line);
  for (const { code, count } of leftOutCounts(dataset)) logger.warn("cases-left-out", { code, cases: count });
}

/** The same for machines. */
export function leftOutCounts({ leftOut = [] }: Dataset): { code: string; count: number }[] {
  return countByCode(leftOut);
}
