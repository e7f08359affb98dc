import { ask } from "../api/client.js";
import type { Study, StudySummary } from "../api/types.js";
import { studyPath } from "../logic/routes.js";
import { emptyForm, formOf } from "../logic/study-form.js";
import { announce } from "../state/announcer.js";
import { useAdmin } from "../state/hooks.js";
import { useAllSites } from "../state/lists.js";
import { go } from "../state/router.js";
import { useOnce } from "../state/use-once.js";
import { VIEWER_REASON } from "../ui/admin-button.js";
import { Loaded, Skeleton } from "../ui/loading.js";
import { Notice } from "../ui/notice.js";
import { Page } from "../ui/page.js";
import { StudyFormCard } from "./study-form/study-form.js";

/** A new study, or a clone of `from` with its settings filled in. */
export function NewStudy({ from }: { from: string | undefined }) {
  const admin = useAdmin();
  const sites = useAllSites();
  const source = useOnce<Study>(from === undefined ? null : `/studies/${encodeURIComponent(from)}`);
  const title = from === undefined ? "New study" : `Clone of ${from}`;
  const waits = from !== undefined && source.data === undefined;
  const save = async (spec: Record<string, unknown>) => {
    const path = from === undefined ? "/studies" : `/studies/${encodeURIComponent(from)}/clone`;
    const { body } = await ask<StudySummary & { warnings?: string[] }>("POST", path, spec);
    announce(`Study ${body.name} is made.`);
    go(studyPath(body.name));
  };
  return (
    <Page title={title} lead="A draft: nothing is sent to a site before you start it." narrow>
      {!admin ? (
        <Notice>{VIEWER_REASON}</Notice>
      ) : (
        <Loaded
          from={waits ? { ...sites, data: undefined, problem: source.problem } : sites}
          skeleton={<Skeleton lines={5} height={40} />}
        >
          {(data) => {
            const known = data.sites.filter(({ status }) => status !== "revoked");
            const first = source.data
              ? { ...formOf(source.data.spec), name: "" }
              : emptyForm(known.map(({ site }) => site));
            return (
              <StudyFormCard
                first={first}
                sites={known}
                action={from === undefined ? "Create the draft" : "Create the clone"}
                onSave={save}
              />
            );
          }}
        </Loaded>
      )}
    </Page>
  );
}

/** Changes a draft. */
export function EditStudy({ name }: { name: string }) {
  const admin = useAdmin();
  const sites = useAllSites();
  const path = `/studies/${encodeURIComponent(name)}`;
  const study = useOnce<Study>(path);
  const save = async (spec: Record<string, unknown>) => {
    await ask("PUT", path, spec, study.etag === undefined ? {} : { "if-match": study.etag });
    announce("The draft is changed.");
    go(studyPath(name));
  };
  const both = study.data === undefined ? { ...sites, data: undefined, problem: study.problem } : sites;
  return (
    <Page title={`Change ${name}`} narrow>
      {!admin ? (
        <Notice>{VIEWER_REASON}</Notice>
      ) : (
        <Loaded from={both} skeleton={<Skeleton lines={5} height={40} />}>
          {(data) =>
            study.data!.status !== "draft" ? (
              <Notice tone="waiting">
                This study has been started: the sites approved exactly what it says. Clone it instead.
              </Notice>
            ) : (
              <StudyFormCard
                first={formOf(study.data!.spec)}
                fixedName
                sites={data.sites.filter(({ status }) => status !== "revoked")}
                action="Save the draft"
                onSave={save}
              />
            )
          }
        </Loaded>
      )}
    </Page>
  );
}
