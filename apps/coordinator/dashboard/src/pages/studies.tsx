import { useState } from "preact/hooks";
import type { StudyStatus, StudySummary } from "../api/types.js";
import { count } from "../logic/numbers.js";
import { STUDY_STATUSES, studyLabel } from "../logic/status.js";
import { useAdmin } from "../state/hooks.js";
import { useStudies } from "../state/lists.js";
import { Empty } from "../ui/empty.js";
import { Icon } from "../ui/icon.js";
import { Link } from "../ui/link.js";
import { Loaded, Skeleton } from "../ui/loading.js";
import { Page } from "../ui/page.js";
import { StudyRow } from "./study-row.js";

/** All studies, those that need somebody first. */
export function StudiesPage() {
  const admin = useAdmin();
  const studies = useStudies();
  const [filter, setFilter] = useState<StudyStatus>();
  return (
    <Page
      title="Studies"
      lead="Each study adapts one model at several sites together."
      actions={
        admin && (
          <Link href="/new-study" class="btn btn-primary">
            <Icon name="plus" size={16} />
            New study
          </Link>
        )
      }
    >
      <Loaded from={studies} skeleton={<Skeleton lines={3} height={76} />}>
        {({ studies: all, next }) => (
          <>
            <Filters all={all} filter={filter} onFilter={setFilter} />
            <List
              studies={filter ? all.filter(({ status }) => status === filter) : all}
              filtered={filter !== undefined}
              admin={admin}
            />
            {next && <p class="hint">Only the first {count(all.length, "study", "studies")} are shown here.</p>}
          </>
        )}
      </Loaded>
    </Page>
  );
}

interface FiltersProps {
  all: readonly StudySummary[];
  filter: StudyStatus | undefined;
  onFilter: (status: StudyStatus | undefined) => void;
}

function Filters({ all, filter, onFilter }: FiltersProps) {
  const present = STUDY_STATUSES.filter((status) => all.some((study) => study.status === status));
  if (present.length < 2) return null;
  return (
    <div class="filters" role="group" aria-label="Show studies">
      <button type="button" class="filter" aria-pressed={filter === undefined} onClick={() => onFilter(undefined)}>
        All ({all.length})
      </button>
      {present.map((status) => (
        <button
          key={status}
          type="button"
          class="filter"
          aria-pressed={filter === status}
          onClick={() => onFilter(status)}
        >
          {studyLabel(status).text} ({all.filter((study) => study.status === status).length})
        </button>
      ))}
    </div>
  );
}

function List({ studies, filtered, admin }: { studies: StudySummary[]; filtered: boolean; admin: boolean }) {
  if (studies.length === 0)
    return (
      <div class="card">
        <Empty icon="studies" title={filtered ? "No study is in this state now" : "No studies yet"}>
          {!filtered && (
            <>
              <p>A study begins with at least three sites. The set-up leads there step by step.</p>
              <div class="row">
                <Link href="/set-up" class="btn btn-primary">
                  Go to the set-up
                </Link>
                {admin && (
                  <Link href="/new-study" class="btn">
                    New study
                  </Link>
                )}
              </div>
            </>
          )}
        </Empty>
      </div>
    );
  const sorted = [...studies].sort((a, b) => b.createdAt - a.createdAt);
  return (
    <div class="study-list">
      {sorted.map((study) => (
        <StudyRow key={study.name} study={study} />
      ))}
    </div>
  );
}
