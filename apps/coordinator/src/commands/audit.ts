import { readFileSync } from "node:fs";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { fingerprint } from "@fedbaps/core/secagg/keys.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { Command } from "commander";
import { z } from "zod";
import { type AuditHead, auditHeadSchema, auditRecordSchema, headLineSchema } from "../audit/record.js";
import { type AuditReport, verifyAudit } from "../audit/verify.js";
import { CoordinatorError } from "../errors.js";
import { exportLines, fileLines, parsedLines } from "./audit-lines.js";
import { createOutput, dateText, table } from "./output.js";
import { accessOf, type Call, type RemoteOptions, remote, remoteOptions } from "./remote.js";

const pageAnswer = z.looseObject({
  // Of a record that was tampered with, too.
  records: z.array(auditRecordSchema.or(z.looseObject({ seq: z.number() }))),
  next: z.number().nullable(),
  head: auditHeadSchema,
});
type Shown = z.infer<typeof pageAnswer>["records"][number];

/** `audit list|export|head|verify` */
export function auditCommand(): Command {
  const audit = new Command("audit").description("the log of what was done, by whom, and who took part in each sum");

  const list = audit
    .command("list")
    .description("what was done, oldest first")
    .option("--study <name>", "of one study only");
  remote(list, async (call, output) => {
    const { study }: { study?: string } = list.opts();
    const filter = study === undefined ? "" : `&study=${encodeURIComponent(nameOf(study))}`;
    const records = await allRecords(call, filter);
    output.result(
      { records },
      table(
        ["no.", "time (UTC)", "who", "what", "study", "site"],
        records.map((record) => rowOf(record)),
      ),
    );
  });

  remoteOptions(
    audit
      .command("export <file>")
      .description("write the whole log to a file, one JSON document a line; the last is the signed head"),
  ).action(async (file: string, options: RemoteOptions) => {
    const lines: string[] = [];
    for await (const line of exportLines(accessOf(options))) lines.push(line);
    const head = headLineSchema.safeParse(JSON.parse(lines.at(-1) ?? "null"));
    if (!head.success)
      throw new CoordinatorError("UNREACHABLE", "the export was cut off, nothing was written; try again");
    await writeFileAtomic(file, lines.map((line) => `${line}\n`).join(""), 0o600);
    const { seq, hash } = head.data.head;
    createOutput(options.json === true).result({ file, records: seq, hash }, [
      `${seq} records in ${file}`,
      `its last hash: ${hash}`,
      "Keep that hash, or the file, where the coordinator's administrator cannot change it: audit verify --head",
    ]);
  });

  remote(
    audit.command("head").description("how far the log goes, signed: keep it, to show later that nothing was cut off"),
    async (call, output) => {
      const { head } = await call("GET", "/audit?limit=1", pageAnswer);
      // For people too: this very text is what is to be kept.
      output.result(head, [JSON.stringify(head)]);
    },
  );

  remoteOptions(
    audit
      .command("verify [file]")
      .description("check a log here: an export, or without a file what the running coordinator exports")
      .option("--key <fingerprint>", "the coordinator's key must have this fingerprint")
      .option("--head <file|hash>", "an earlier head (audit head, an older export, or a hash): the log must hold it"),
  ).action(async (file: string | undefined, options: RemoteOptions & { key?: string; head?: string }) => {
    const lines = file === undefined ? exportLines(accessOf(options)) : fileLines(file);
    const keptHead = options.head === undefined ? undefined : readHead(options.head);
    const report = await verifyAudit(parsedLines(lines), { fingerprint: options.key, keptHead });
    say(report, options.json === true);
  });

  return audit;
}

/** @throws CoordinatorError for a bad log, so that the exit status is 1 */
function say(report: AuditReport, json: boolean): void {
  const { ok, records, head, problem } = report;
  const key = head === null ? null : fingerprint(head.coordinator);
  if (json) createOutput(true).result({ ...report, key }, []);
  if (problem !== null)
    throw new CoordinatorError("BAD_AUDIT", `bad: record ${problem.seq}, ${problem.code}: ${problem.message}`);
  if (!json && ok && head !== null)
    createOutput(false).result(report, [
      `good: ${records} records, each in its place and unchanged; rosters and receipts are signed as they should be`,
      `last hash: ${head.hash}, signed ${dateText(head.at)} UTC by the coordinator with the key`,
      `  ${key}`,
    ]);
}

async function allRecords(call: Call, filter: string): Promise<Shown[]> {
  const records: Shown[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: z.infer<typeof pageAnswer> = await call("GET", `/audit?limit=200&after=${after}${filter}`, pageAnswer);
    records.push(...page.records);
    after = page.next;
  }
  return records;
}

function rowOf(record: Shown): string[] {
  const parsed = auditRecordSchema.safeParse(record);
  if (!parsed.success) return [String(record.seq), "", "", "unreadable: audit verify", "", ""];
  const { seq, at, actor, action, study, site } = parsed.data;
  return [String(seq), dateText(at), actor, action, study ?? "", site ?? ""];
}

/** @throws UsageError */
function nameOf(study: string): string {
  const name = nameSchema.safeParse(study);
  if (!name.success) throw new UsageError(`--study ${study}: ${name.error.issues[0].message}`);
  return name.data;
}

/** A hash, or a file that holds a head: by itself, or as the last line of an export. @throws UsageError */
function readHead(given: string): AuditHead | string {
  if (/^[0-9a-f]{64}$/i.test(given)) return given.toLowerCase();
  try {
    const text = readFileSync(given, "utf8").trim();
    const last = text.slice(text.lastIndexOf("\n") + 1);
    if (/^[0-9a-f]{64}$/i.test(last)) return last.toLowerCase();
    const entry = z.union([headLineSchema, auditHeadSchema]).parse(JSON.parse(last.startsWith("{") ? last : text));
    return "head" in entry ? entry.head : entry;
  } catch {
    throw new UsageError(`--head ${given} is no hash, and no file with a head; write one with: audit head > FILE`);
  }
}
