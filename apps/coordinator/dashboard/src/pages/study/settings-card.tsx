import type { Study } from "../../api/types.js";
import { names, whole } from "../../logic/numbers.js";
import { span } from "../../logic/time.js";
import { Ago } from "../../ui/ago.js";
import { Card } from "../../ui/card.js";
import { Link } from "../../ui/link.js";

/** What the sites approved. */
export function SettingsCard({ study }: { study: Study }) {
  const { spec, hash } = study;
  const { require, sites } = spec.participation;
  return (
    <Card
      title="Settings"
      hint="Every site approves exactly this; the hash stands for it in every signature."
      aside={<Link href={`/audit?study=${encodeURIComponent(study.name)}`}>Audit trail of this study</Link>}
    >
      <dl class="facts">
        <dt>Sites</dt>
        <dd>{names(sites, 12)}</dd>
        <dt>A round needs</dt>
        <dd>{require === "all" ? "all of them" : `at least ${require} of ${sites.length}`}</dd>
        <dt>A silent site counts as gone after</dt>
        <dd>{span(spec.silenceSeconds * 1000)}</dd>
        <dt>Query budget</dt>
        <dd>{whole(spec.budget)} a site, for everything</dd>
        <dt>Fine-tuning</dt>
        <dd>{Math.round(spec.personalShare * 100)} % of the training queries</dd>
        <dt>Sums</dt>
        <dd>{spec.sealed ? "sealed: only the study's sites can open them" : "open to the coordinator"}</dd>
        <dt>Decoder, optimiser</dt>
        <dd>
          {spec.decoder}, {spec.preset}
        </dd>
        <dt>Clip, most images</dt>
        <dd>
          {spec.clip}, {whole(spec.maxImages)}
        </dd>
        <dt>Clicks, seed</dt>
        <dd>
          {spec.clicks}, {spec.seed}
        </dd>
        <dt>Created</dt>
        <dd>
          <Ago at={study.createdAt} />
        </dd>
        <dt>Hash</dt>
        <dd class="mono">{hash}</dd>
      </dl>
    </Card>
  );
}
