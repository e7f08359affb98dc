import type { AuditRecord } from "../../api/types.js";
import { actorWords, auditSentence } from "../../logic/audit-words.js";
import { Ago } from "../../ui/ago.js";

/** One record: a sentence, by whom and when; everything else is folded. */
export function AuditItem({ record }: { record: AuditRecord }) {
  const { seq, at, actor, action, details, previous, hash } = record;
  const known = Object.keys(details).length > 0;
  return (
    <li>
      <span class="seq">
        <span class="visually-hidden">Record </span>
        {seq}
      </span>
      <div class="what stack-tight">
        <p>{auditSentence(record)}</p>
        <div class="row">
          <span class="small muted">{actorWords(actor)}</span>
          <details class="fold">
            <summary aria-label={`Details of record ${seq}`}>Details</summary>
            <div class="stack">
              <dl class="facts">
                <dt>Action</dt>
                <dd class="mono">{action}</dd>
                <dt>By</dt>
                <dd class="mono">{actor}</dd>
                <dt>Hash of the record before</dt>
                <dd class="mono">{previous}</dd>
                <dt>Hash of this record</dt>
                <dd class="mono">{hash}</dd>
              </dl>
              {known && <pre>{JSON.stringify(details, null, 2)}</pre>}
            </div>
          </details>
        </div>
      </div>
      <span class="when">
        <Ago at={at} />
      </span>
    </li>
  );
}
