import type { StudySummary } from "../api/types.js";
import { studyPath } from "../logic/routes.js";
import { studyLabel } from "../logic/status.js";
import { waitingWords } from "../logic/study-line.js";
import { useNow } from "../state/hooks.js";
import { Ago } from "../ui/ago.js";
import { Badge } from "../ui/badge.js";
import { Bar } from "../ui/bar.js";
import { Link } from "../ui/link.js";

/** One study in the list: what it is, where it is, what it waits for. */
export function StudyRow({ study }: { study: StudySummary }) {
  const now = useNow();
  const { name, title, status, completed, rounds, createdAt } = study;
  const done = `${completed} of ${rounds} rounds done`;
  return (
    <article class="card study-row">
      <div class="stack-tight">
        <div class="row">
          <h2>
            <Link href={studyPath(name)}>{title ?? name}</Link>
          </h2>
          <Badge label={studyLabel(status)} />
        </div>
        <p class="muted">{waitingWords(study, now)}</p>
        <p class="small muted row">
          {title !== null && <span class="mono">{name}</span>}
          <span>
            Created <Ago at={createdAt} />
          </span>
        </p>
      </div>
      <div class="meter">
        <span class="small">{done}</span>
        <Bar part={completed} all={rounds} label={done} />
      </div>
    </article>
  );
}
