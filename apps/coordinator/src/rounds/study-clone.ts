import { type StudySpec, studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { CoordinatorError } from "../errors.js";
import type { StudyRow } from "../store/study-repository.js";

/** The settings of a study with others in their place. @throws ZodError for settings that are none */
export function cloneSpec(spec: StudySpec, changes: Partial<StudySpec>): StudySpec {
  return studySpecSchema.parse({ ...spec, ...changes });
}

/** @throws CoordinatorError CONFLICT when another study has the copy's name; the same copy again is no error. */
export function checkClone(known: StudyRow | undefined, spec: StudySpec): void {
  if (known !== undefined && known.hash !== studyHash(spec))
    throw new CoordinatorError("CONFLICT", `another study is called ${spec.name}; choose another name for the copy`, {
      study: spec.name,
    });
}
