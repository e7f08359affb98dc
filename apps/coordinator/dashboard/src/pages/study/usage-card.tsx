import type { Study } from "../../api/types.js";
import { bytes, whole } from "../../logic/numbers.js";
import { usageOf } from "../../logic/usage.js";
import { Bar } from "../../ui/bar.js";
import { Card } from "../../ui/card.js";

/** What each site has spent of its query budget, and what went over its line. */
export function UsageCard({ study }: { study: Study }) {
  const { budget } = study.spec;
  return (
    <Card title="Queries against budget" hint={`Each site may ask its black box at most ${whole(budget)} times.`}>
      <ul class="stack">
        {usageOf(study).map(({ site, queries, bytesUp, bytesDown }) => (
          <li key={site} class="meter">
            <div class="meter-head">
              <strong>{site}</strong>
              <span>
                {queries === null ? <span class="muted">not said yet</span> : whole(queries)}
                <span class="muted"> of {whole(budget)}</span>
              </span>
            </div>
            <Bar part={queries ?? 0} all={budget} label={`${site}: ${queries ?? 0} of ${budget} queries`} />
            <span class="hint">
              {bytes(bytesUp)} sent, {bytes(bytesDown)} received
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
