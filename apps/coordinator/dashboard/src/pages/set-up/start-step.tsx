import { useState } from "preact/hooks";
import { post } from "../../api/client.js";
import { problemWords } from "../../api/problem.js";
import type { StudySummary } from "../../api/types.js";
import { studyPath } from "../../logic/routes.js";
import { studyToStart } from "../../logic/set-up.js";
import { studyLabel } from "../../logic/status.js";
import { waitingWords } from "../../logic/study-line.js";
import { announce } from "../../state/announcer.js";
import { useNow } from "../../state/hooks.js";
import { AdminButton } from "../../ui/admin-button.js";
import { Badge } from "../../ui/badge.js";
import { Copy } from "../../ui/copy.js";
import { Link } from "../../ui/link.js";
import { Notice } from "../../ui/notice.js";

export function StartStep({ studies }: { studies: StudySummary[] }) {
  const now = useNow();
  const study = studyToStart(studies);
  const [problem, setProblem] = useState<string>();
  if (!study) return <p class="muted">Create a study first.</p>;
  const start = async () => {
    setProblem(undefined);
    try {
      await post(`/studies/${encodeURIComponent(study.name)}/start`);
      announce(`${study.title ?? study.name} is offered to its sites.`);
    } catch (error) {
      setProblem(problemWords(error));
    }
  };
  return (
    <>
      <p>
        Started, a study is offered to its sites. Each reads what would leave it and approves or declines; training
        begins by itself when enough of them have approved.
      </p>
      <div class="site-line">
        <div class="stack-tight">
          <div class="row">
            <Link href={studyPath(study.name)}>
              <strong>{study.title ?? study.name}</strong>
            </Link>
            <Badge label={studyLabel(study.status)} />
          </div>
          <p class="muted" aria-live="polite">
            {waitingWords(study, now)}
          </p>
        </div>
        {study.status === "draft" && (
          <AdminButton class="btn btn-primary" onClick={() => void start()}>
            Start the study
          </AdminButton>
        )}
      </div>
      {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
      {study.status === "enrolling" && (
        <div class="stack-tight">
          <h3>Each site runs</h3>
          <Copy
            what="the commands at each site"
            text={`fedbaps-site roster accept\nfedbaps-site study show ${study.name}\nfedbaps-site study approve ${study.name}\nfedbaps-site run --out results`}
          />
        </div>
      )}
    </>
  );
}
