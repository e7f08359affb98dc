import { useRef, useState } from "preact/hooks";
import { Problem, problemWords } from "../../api/problem.js";
import type { Site } from "../../api/types.js";
import { type FormProblems, nameFrom, problemsAt, type StudyForm, specOf } from "../../logic/study-form.js";
import { Field } from "../../ui/field.js";
import { NameInput } from "../../ui/name-input.js";
import { Notice } from "../../ui/notice.js";
import { AdvancedFields } from "./advanced-fields.js";
import { NumberField } from "./number-field.js";
import { ParticipationFields } from "./participation-fields.js";

export interface StudyFormProps {
  first: StudyForm;
  sites: Site[];
  action: string;
  /** The name of a draft stays. */
  fixedName?: boolean;
  onSave: (spec: Record<string, unknown>) => Promise<void>;
}

const NONE: FormProblems = { fields: {}, others: [], advanced: false };

/** The fields of a study. What the server finds wrong is shown at the field that it is about. */
export function StudyFormCard({ first, sites, action, fixedName = false, onSave }: StudyFormProps) {
  const [form, setForm] = useState(first);
  const [ownName, setOwnName] = useState(first.name !== "");
  const [problems, setProblems] = useState(NONE);
  const [busy, setBusy] = useState(false);
  const root = useRef<HTMLFormElement>(null);
  const change = (changes: Partial<StudyForm>) => setForm((before) => ({ ...before, ...changes }));
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onSave(specOf(form));
    } catch (error) {
      const faults = error instanceof Problem ? error.errors : [];
      setProblems(faults.length > 0 ? problemsAt(faults, form) : { ...NONE, others: [problemWords(error)] });
      setBusy(false);
      window.setTimeout(() => root.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
    }
  };
  const shared = { form, faults: problems.fields, change };
  return (
    <form ref={root} class="card" onSubmit={(event) => void submit(event)} noValidate>
      <div class="card-body stack" style={{ gap: "1.5rem", paddingTop: "1.5rem" }}>
        <div class="form-grid">
          <Field label="Title" hint="As people read it" fault={problems.fields.title}>
            {(props) => (
              <input
                {...props}
                class="input"
                autocomplete="off"
                value={form.title}
                onInput={({ currentTarget: { value } }) =>
                  change(ownName ? { title: value } : { title: value, name: nameFrom(value) })
                }
              />
            )}
          </Field>
          <Field
            label="Short name"
            hint={fixedName ? "The name of a draft stays" : "Its id: lower-case letters, digits, hyphens"}
            fault={problems.fields.name}
          >
            {(props) => (
              <NameInput
                {...props}
                readOnly={fixedName}
                value={form.name}
                onInput={({ currentTarget: { value } }) => {
                  setOwnName(value !== "");
                  change({ name: value });
                }}
              />
            )}
          </Field>
        </div>
        <ParticipationFields {...shared} sites={sites} />
        <div class="form-grid">
          <NumberField
            {...shared}
            field="rounds"
            label="Rounds"
            hint="Each round: training at the sites, then one secure sum"
          />
          <NumberField
            {...shared}
            field="budget"
            label="Query budget per site"
            hint="Black-box queries for everything, testing included"
          />
        </div>
        <details class="fold" open={problems.advanced || undefined}>
          <summary>Advanced settings</summary>
          <AdvancedFields {...shared} />
        </details>
        {problems.others.length > 0 && (
          <Notice tone="bad">
            {problems.others.map((text) => (
              <p key={text}>{text}</p>
            ))}
          </Notice>
        )}
        <div class="row">
          <button type="submit" class="btn btn-primary" disabled={busy}>
            {busy ? "One moment…" : action}
          </button>
          <button type="button" class="btn" onClick={() => history.back()}>
            Cancel
          </button>
        </div>
      </div>
    </form>
  );
}
