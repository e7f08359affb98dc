import { Field } from "../../ui/field.js";
import type { FieldsProps } from "./fields-props.js";
import { NumberField } from "./number-field.js";

/** What most studies leave as it is. */
export function AdvancedFields(shared: FieldsProps) {
  const { form, faults, change } = shared;
  return (
    <div class="stack">
      <label class="choice">
        <input type="checkbox" checked={form.sealed} onChange={() => change({ sealed: !form.sealed })} />
        <span>
          Sealed sums: only the study's sites can open a sum <span class="hint">(recommended)</span>
        </span>
      </label>
      <div class="form-grid">
        <NumberField
          {...shared}
          field="silenceMinutes"
          label="Silence, in minutes"
          hint="A site that says nothing for so long counts as gone; any message starts it anew"
        />
        <NumberField
          {...shared}
          field="personalShare"
          label="Fine-tuning share, in percent"
          hint="Of its training queries a site keeps so many to fine-tune by itself at the end"
        />
        <Field
          label="Decoder"
          hint="What is trained: textures with a small network, a filter bank, or the paper's large decoder"
          fault={faults.decoder}
        >
          {(props) => (
            <select
              {...props}
              class="input"
              value={form.decoder}
              onChange={(e) => change({ decoder: e.currentTarget.value })}
            >
              <option value="texture">Textures (default)</option>
              <option value="filter-bank">Filter bank</option>
              <option value="baps">BAPS, as published</option>
            </select>
          )}
        </Field>
        <Field
          label="Optimiser"
          hint="How the sites train; as published goes with BAPS or the filter bank"
          fault={faults.preset}
        >
          {(props) => (
            <select
              {...props}
              class="input"
              value={form.preset}
              onChange={(e) => change({ preset: e.currentTarget.value })}
            >
              <option value="adam">Adam (default)</option>
              <option value="paper">As published</option>
            </select>
          )}
        </Field>
        <NumberField {...shared} field="clicks" label="Clicks per image" hint="Simulated, when results are measured" />
        <NumberField {...shared} field="seed" label="Seed" hint="The same seed gives the same study" />
        <NumberField
          {...shared}
          field="clip"
          label="Clip"
          hint="The most that one site can move the model in a round"
        />
        <NumberField
          {...shared}
          field="maxImages"
          label="Most images that count"
          hint="Bounds the weight of a large site"
        />
      </div>
    </div>
  );
}
