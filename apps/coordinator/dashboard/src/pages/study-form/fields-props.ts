import type { FormProblems, StudyForm } from "../../logic/study-form.js";

/** What every part of the form shares. */
export interface FieldsProps {
  form: StudyForm;
  faults: FormProblems["fields"];
  change: (changes: Partial<StudyForm>) => void;
}
