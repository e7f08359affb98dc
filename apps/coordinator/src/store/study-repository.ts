import { canonicalJson } from "@fedbaps/core/common/hash.js";
import type { Failure, SiteReport } from "@fedbaps/core/wire/messages.js";
import { siteReportSchema } from "@fedbaps/core/wire/messages.js";
import { type StudySpec, studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import type { Selectable } from "kysely";
import { CoordinatorError } from "../errors.js";
import type { Database, StudiesTable } from "./schema.js";

/** `draft -> enrolling -> running <-> paused -> completed | aborted`. */
export type StudyStatus = "draft" | "enrolling" | "running" | "paused" | "completed" | "aborted";

export interface StudyRow {
  name: string;
  spec: StudySpec;
  hash: string;
  status: StudyStatus;
  /** Why it is paused or aborted: a code. */
  reason: string | null;
  /** Completed rounds. */
  version: number;
  createdAt: number;
}

/** Studies, who approved them, and the sites' final reports. */
export class StudyRepository {
  constructor(private readonly db: Database) {}

  async list(): Promise<StudyRow[]> {
    return (await this.db.selectFrom("studies").selectAll().orderBy("created_at").orderBy("name").execute()).map(
      studyOf,
    );
  }

  async find(name: string): Promise<StudyRow | undefined> {
    const row = await this.db.selectFrom("studies").selectAll().where("name", "=", name).executeTakeFirst();
    return row && studyOf(row);
  }

  /** @throws CoordinatorError CONFLICT when another study has the name. The same study again is no error. */
  async create(spec: StudySpec, now: number): Promise<StudyRow> {
    const hash = studyHash(spec);
    await this.db
      .insertInto("studies")
      .values({
        name: spec.name,
        spec: canonicalJson(spec),
        hash,
        status: "draft",
        reason: null,
        version: 0,
        created_at: now,
      })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
    const study = (await this.find(spec.name))!;
    if (study.hash !== hash)
      throw new CoordinatorError("CONFLICT", `another study is called ${spec.name}; choose another name`, {
        study: spec.name,
      });
    return study;
  }

  /** Moves a study on, if it still is in one of the states `from`; says whether it was. */
  async move(
    name: string,
    from: readonly StudyStatus[],
    to: StudyStatus,
    reason: string | null = null,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.db
      .updateTable("studies")
      .set({ status: to, reason })
      .where("name", "=", name)
      .where("status", "in", from)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * Takes another text for a draft, if it still is the one with the hash `before`; says whether it was. Approvals, of
   * which a draft has none, are of a hash and would not count.
   */
  async replace(spec: StudySpec, before: string): Promise<boolean> {
    const { numUpdatedRows } = await this.db
      .updateTable("studies")
      .set({ spec: canonicalJson(spec), hash: studyHash(spec) })
      .where("name", "=", spec.name)
      .where("status", "=", "draft")
      .where("hash", "=", before)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async approvals(study: StudyRow): Promise<string[]> {
    const rows = await this.db
      .selectFrom("approvals")
      .select("site")
      .where("study", "=", study.name)
      .where("hash", "=", study.hash)
      .orderBy("site")
      .execute();
    return rows.map((row) => row.site);
  }

  async hasApproved({ name, hash }: StudyRow, site: string): Promise<boolean> {
    const row = await this.db
      .selectFrom("approvals")
      .select("site")
      .where("study", "=", name)
      .where("site", "=", site)
      .where("hash", "=", hash)
      .executeTakeFirst();
    return row !== undefined;
  }

  async setApproval(study: string, site: string, hash: string | null): Promise<void> {
    if (hash === null)
      await this.db.deleteFrom("approvals").where("study", "=", study).where("site", "=", site).execute();
    else
      await this.db
        .insertInto("approvals")
        .values({ study, site, hash })
        .onConflict((conflict) => conflict.columns(["study", "site"]).doUpdateSet({ hash }))
        .execute();
  }

  /** A report takes the place of an earlier one, and of an earlier failure to make one. To be called in one transaction. */
  async saveReport(site: string, report: SiteReport, now: number): Promise<void> {
    const { study } = report;
    const text = canonicalJson(report);
    await this.db
      .insertInto("reports")
      .values({ study, site, report: text, received_at: now })
      .onConflict((conflict) => conflict.columns(["study", "site"]).doUpdateSet({ report: text, received_at: now }))
      .execute();
    await this.db.deleteFrom("report_failures").where("study", "=", study).where("site", "=", site).execute();
  }

  /** Keeps why a site could not report, unless it has reported. */
  async saveReportFailure(site: string, { study, code }: Failure, now: number): Promise<void> {
    if ((await this.reports(study)).has(site)) return;
    await this.db
      .insertInto("report_failures")
      .values({ study, site, code, failed_at: now })
      .onConflict((conflict) => conflict.columns(["study", "site"]).doUpdateSet({ code, failed_at: now }))
      .execute();
  }

  /** The codes of the sites that could not report so far. */
  async reportFailures(study: string): Promise<Map<string, string>> {
    const rows = await this.db
      .selectFrom("report_failures")
      .select(["site", "code"])
      .where("study", "=", study)
      .execute();
    return new Map(rows.map((row) => [row.site, row.code]));
  }

  async reports(study: string): Promise<Map<string, SiteReport>> {
    const rows = await this.db.selectFrom("reports").selectAll().where("study", "=", study).orderBy("site").execute();
    return new Map(rows.map((row) => [row.site, siteReportSchema.parse(JSON.parse(row.report))]));
  }
}

function studyOf(row: Selectable<StudiesTable>): StudyRow {
  return {
    name: row.name,
    spec: studySpecSchema.parse(JSON.parse(row.spec)),
    hash: row.hash,
    status: row.status as StudyStatus,
    reason: row.reason,
    version: row.version,
    createdAt: Number(row.created_at),
  };
}
