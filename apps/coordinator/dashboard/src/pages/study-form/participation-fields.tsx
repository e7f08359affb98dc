import { useId } from "preact/hooks";
import type { Site } from "../../api/types.js";
import { siteLabel } from "../../logic/status.js";
import { Fault } from "../../ui/field.js";
import { Link } from "../../ui/link.js";
import { Notice } from "../../ui/notice.js";
import type { FieldsProps } from "./fields-props.js";

/** Which sites take part, and how many of them a round needs. */
export function ParticipationFields({ form, faults, change, sites }: FieldsProps & { sites: Site[] }) {
  const id = useId();
  const all = [...new Set([...sites.map(({ site }) => site), ...form.sites])].sort();
  const toggle = (site: string) =>
    change({
      sites: form.sites.includes(site) ? form.sites.filter((one) => one !== site) : [...form.sites, site].sort(),
    });
  return (
    <>
      <fieldset aria-describedby={faults.sites ? `${id}-sites` : undefined}>
        <legend>Sites that take part</legend>
        {all.length < 3 && (
          <Notice tone="waiting">
            <p>
              A study needs at least three sites; {all.length === 0 ? "there are none" : `only ${all.length} are here`}{" "}
              yet. <Link href="/set-up">Invite more</Link>
            </p>
          </Notice>
        )}
        <div class="choices">
          {all.map((site) => {
            const known = sites.find((one) => one.site === site);
            return (
              <label key={site} class="choice">
                <input type="checkbox" checked={form.sites.includes(site)} onChange={() => toggle(site)} />
                <span>
                  {site}
                  {known?.status !== "approved" && (
                    <span class="hint"> · {siteLabel(known?.status ?? "unknown").text}</span>
                  )}
                </span>
              </label>
            );
          })}
        </div>
        <Fault id={`${id}-sites`} text={faults.sites} />
      </fieldset>
      <fieldset>
        <legend>A round needs</legend>
        <div class="choices">
          <label class="choice">
            <input
              type="radio"
              name={`${id}-need`}
              checked={form.requireAll}
              onChange={() => change({ requireAll: true })}
            />
            <span>All of its sites</span>
          </label>
          <div class="choice">
            <input
              type="radio"
              id={`${id}-some`}
              name={`${id}-need`}
              checked={!form.requireAll}
              onChange={() => change({ requireAll: false })}
            />
            <label htmlFor={`${id}-some`}>At least</label>
            <input
              class="input"
              style={{ width: "4.5rem", minHeight: "2rem" }}
              inputMode="numeric"
              aria-label="Least number of sites"
              aria-invalid={faults.require ? true : undefined}
              aria-describedby={`${id}-need-hint`}
              value={form.require}
              onFocus={() => change({ requireAll: false })}
              onInput={(event) => change({ require: event.currentTarget.value })}
            />
            <span>of {form.sites.length}</span>
          </div>
        </div>
        <Fault text={faults.require} />
        <p class="hint" id={`${id}-need-hint`} style={{ marginTop: "0.375rem" }}>
          With "at least", a round goes on without a site that is gone; three is the least for a safe sum.
        </p>
      </fieldset>
    </>
  );
}
