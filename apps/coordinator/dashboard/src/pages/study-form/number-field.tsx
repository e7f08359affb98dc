import type { StudyForm } from "../../logic/study-form.js";
import { Field } from "../../ui/field.js";
import type { FieldsProps } from "./fields-props.js";

type TextField = { [K in keyof StudyForm]: StudyForm[K] extends string ? K : never }[keyof StudyForm];

export interface NumberFieldProps extends FieldsProps {
  field: TextField;
  label: string;
  hint: string;
}

export function NumberField({ form, faults, change, field, label, hint }: NumberFieldProps) {
  return (
    <Field label={label} hint={hint} fault={faults[field]}>
      {(props) => (
        <input
          {...props}
          class="input"
          inputMode="decimal"
          autocomplete="off"
          value={form[field]}
          onInput={(event) => change({ [field]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}
