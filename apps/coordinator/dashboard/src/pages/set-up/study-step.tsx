import type { StudySummary } from "../../api/types.js";
import { studyPath } from "../../logic/routes.js";
import { studyLabel } from "../../logic/status.js";
import { useAdmin } from "../../state/hooks.js";
import { Badge } from "../../ui/badge.js";
import { Link } from "../../ui/link.js";

export function StudyStep({ studies }: { studies: StudySummary[] }) {
  const admin = useAdmin();
  return (
    <>
      <p>
        A study says which sites train together, for how many rounds, and how many black-box queries each may spend. The
        defaults are sensible; a draft can be changed until it is started.
      </p>
      {admin && (
        <div>
          <Link href="/new-study" class={`btn${studies.length === 0 ? " btn-primary" : ""}`}>
            {studies.length === 0 ? "Create a study" : "Create another study"}
          </Link>
        </div>
      )}
      {studies.length > 0 && (
        <ul>
          {studies.map(({ name, title, status }) => (
            <li key={name} class="site-line">
              <Link href={studyPath(name)}>{title ?? name}</Link>
              <Badge label={studyLabel(status)} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
