import type { Study } from "../../api/types.js";
import { sentence } from "../../logic/codes.js";
import { count } from "../../logic/numbers.js";
import { abortedAttempts } from "../../logic/participation.js";
import { phaseWords } from "../../logic/phases.js";
import { Ago } from "../../ui/ago.js";
import { Card } from "../../ui/card.js";

const SHOWN = 5;

/** The attempts that came to nothing, each with its reason. */
export function AttemptsCard({ study }: { study: Study }) {
  const aborted = abortedAttempts(study.rounds);
  if (aborted.length === 0) return null;
  const row = ({ round, attempt, code, endedAt, startedAt, dropOuts }: (typeof aborted)[number]) => (
    <li key={`${round}/${attempt}`} class="site-line">
      <div class="stack-tight" style={{ gap: 0 }}>
        <strong>
          Round {round}, attempt {attempt}
        </strong>
        <span>{code === null ? "Given up." : sentence(code)}</span>
        {dropOuts.map(({ site, phase, code: why }) => (
          <span key={site} class="hint">
            {site}, while {phaseWords(phase)}: {sentence(why)}
          </span>
        ))}
      </div>
      <span class="hint">
        <Ago at={endedAt ?? startedAt} />
      </span>
    </li>
  );
  return (
    <Card
      title="Attempts that were given up"
      hint={`${count(aborted.length, "attempt")}. The round was made again with fresh keys and what the sites had stored: no query was paid twice.`}
    >
      <ul>{aborted.slice(0, SHOWN).map(row)}</ul>
      {aborted.length > SHOWN && (
        <details class="fold">
          <summary>{aborted.length - SHOWN} earlier ones</summary>
          <ul>{aborted.slice(SHOWN).map(row)}</ul>
        </details>
      )}
    </Card>
  );
}
