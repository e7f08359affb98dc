import { type StudySpec, studyHash } from "@fedbaps/core/wire/study.js";
import type { AuditAction } from "../audit/actions.js";
import { CoordinatorError } from "../errors.js";
import { StudyRepository, type StudyRow } from "../store/study-repository.js";
import type { StudiesComponents } from "./components.js";
import { checkClone, cloneSpec } from "./study-clone.js";

/** What became of a study, for `record`. */
export interface StudyChange {
  readonly study: StudyRow;
  /** Whether there is anything to tell the audit log. */
  readonly changed: boolean;
  readonly site?: string;
  readonly details?: Record<string, string>;
}

/** The studies as they are written down: drafts are made, changed and copied here, each change with its audit record. */
export class StudyRegister {
  constructor(private readonly components: Pick<StudiesComponents, "studies" | "audit" | "feed" | "clock">) {}

  /** @throws CoordinatorError CONFLICT when another study has the name. The same study again is no error. */
  async create(spec: StudySpec, actor = "coordinator"): Promise<StudyRow> {
    return this.record("study.created", actor, spec.name, async (studies) => {
      const known = (await studies.find(spec.name)) !== undefined;
      return { study: await studies.create(spec, this.components.clock.now()), changed: !known };
    });
  }

  /**
   * Takes another text for a draft.
   * @param before the hash of the text that it takes the place of. @throws CoordinatorError NOT_FOUND, CONFLICT
   */
  async replace(name: string, spec: StudySpec, before: string, actor = "coordinator"): Promise<StudyRow> {
    if (spec.name !== name)
      throw new CoordinatorError("CONFLICT", `a study keeps its name: this one is ${name}`, { study: name });
    return this.record("study.updated", actor, name, async (studies) => {
      const study = await this.get(name, studies);
      if (study.hash === studyHash(spec)) return { study, changed: false };
      if (!(await studies.replace(spec, before)))
        throw new CoordinatorError(
          "CONFLICT",
          study.status === "draft"
            ? `study ${name} was changed meanwhile: read it again`
            : `study ${name} is ${study.status}: only a draft can be changed; make a copy with: study clone ${name}`,
          { study: name },
        );
      return { study: await this.get(name, studies), changed: true };
    });
  }

  /**
   * A new draft with the settings of a study, but for those that are given; `name` must be.
   * @throws CoordinatorError NOT_FOUND, CONFLICT; ZodError for settings that are none
   */
  async clone(name: string, changes: Partial<StudySpec>, actor = "coordinator"): Promise<StudyRow> {
    const spec = cloneSpec((await this.get(name)).spec, changes);
    return this.record("study.cloned", actor, spec.name, async (studies) => {
      const known = await studies.find(spec.name);
      checkClone(known, spec);
      return { study: await studies.create(spec, this.components.clock.now()), changed: known === undefined };
    });
  }

  /** @throws CoordinatorError NOT_FOUND */
  async get(name: string, studies = this.components.studies): Promise<StudyRow> {
    const study = await studies.find(name);
    if (study === undefined) throw new CoordinatorError("NOT_FOUND", `there is no study ${name}`, { study: name });
    return study;
  }

  /** Changes a study and records it, in one transaction. */
  async record(
    action: AuditAction,
    actor: string,
    name: string,
    change: (studies: StudyRepository) => Promise<StudyChange>,
  ): Promise<StudyRow> {
    const { audit, feed } = this.components;
    const study = await audit.within(async (transaction) => {
      const { study, changed, site, details } = await change(new StudyRepository(transaction));
      const told = { actor, action, study: name, details: { hash: study.hash, ...details } };
      return { result: study, entry: changed ? { ...told, ...(site === undefined ? {} : { site }) } : undefined };
    });
    feed.publish({ kind: "study", study: name });
    return study;
  }
}
