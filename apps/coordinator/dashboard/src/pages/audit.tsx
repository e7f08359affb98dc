import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client.js";
import type { AuditRecord, AuditPage as Records } from "../api/types.js";
import { olderPage } from "../logic/audit-pages.js";
import { whole } from "../logic/numbers.js";
import { useStudies } from "../state/lists.js";
import { go } from "../state/router.js";
import { aboutAudit, useResource } from "../state/use-resource.js";
import { Empty } from "../ui/empty.js";
import { Field } from "../ui/field.js";
import { Loaded, Skeleton } from "../ui/loading.js";
import { Page } from "../ui/page.js";
import { AuditItem } from "./audit/audit-item.js";
import { VerifyCard } from "./audit/verify.js";

/** Everything that was done, in an unbroken chain. */
export function AuditPage({ study }: { study: string | undefined }) {
  const studies = useStudies();
  return (
    <Page
      title="Audit trail"
      lead="Every administrative act and every event of the protocol, each record chained to the one before."
      actions={
        <a class="btn" href="/api/v1/audit/export" download="fedbaps-audit.jsonl">
          Export as JSON Lines
        </a>
      }
    >
      <VerifyCard />
      <div class="pick">
        <Field label="Study">
          {(props) => (
            <select
              {...props}
              class="input"
              value={study ?? ""}
              onChange={(event) => {
                const name = event.currentTarget.value;
                go(name === "" ? "/audit" : `/audit?study=${encodeURIComponent(name)}`, true);
              }}
            >
              <option value="">All records</option>
              {(studies.data?.studies ?? []).map(({ name, title }) => (
                <option key={name} value={name}>
                  {title === null ? name : `${title} (${name})`}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <Trail key={study ?? ""} study={study} />
    </Page>
  );
}

const PAGE = 50;

function Trail({ study }: { study: string | undefined }) {
  const filter = study === undefined ? "" : `&study=${encodeURIComponent(study)}`;
  const newest = useResource<Records>(`/audit?limit=1${filter}`, aboutAudit);
  const head = newest.data?.head.seq;
  const [records, setRecords] = useState<AuditRecord[]>();
  const [end, setEnd] = useState<number>();
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  // New records come on top of those that are shown.
  useEffect(() => {
    if (head === undefined) return;
    let dead = false;
    const load = async () => {
      try {
        if (records === undefined) {
          const page = await olderPage((path) => get<Records>(path), filter, head, PAGE);
          if (!dead) {
            setRecords(page.records);
            setEnd(page.end);
          }
        } else {
          const after = records[0]?.seq ?? 0;
          if (after >= head) return;
          const page = await get<Records>(`/audit?after=${after}&limit=200${filter}`);
          if (!dead) setRecords((shown) => merge(page.records, shown ?? []));
        }
        if (!dead) setProblem(undefined);
      } catch (error) {
        if (!dead) setProblem(error);
      }
    };
    void load();
    return () => {
      dead = true;
    };
  }, [head]);

  const older = async () => {
    if (end === undefined || end <= 0) return;
    setBusy(true);
    try {
      const page = await olderPage((path) => get<Records>(path), filter, end, PAGE);
      setRecords((shown) => merge(shown ?? [], page.records));
      setEnd(page.end);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };

  return (
    <section class="card" aria-labelledby="records">
      <div class="card-head">
        <h2 id="records">Records</h2>
        {head !== undefined && (
          <span class="hint" style={{ flexBasis: "auto", margin: 0 }}>
            {whole(head)} in the whole trail
          </span>
        )}
      </div>
      <div class="card-flush">
        <Loaded
          from={{
            data: records,
            problem: records ? undefined : (problem ?? newest.problem),
            loading: false,
            reload: newest.reload,
          }}
          skeleton={
            <div class="card-body">
              <Skeleton lines={6} height={24} />
            </div>
          }
        >
          {(shown) =>
            shown.length === 0 ? (
              <Empty icon="audit" title="No records" small>
                <p>{study === undefined ? "Nothing has been done yet." : "Nothing has been recorded of this study."}</p>
              </Empty>
            ) : (
              <ol class="audit-list">
                {shown.map((record) => (
                  <AuditItem key={record.seq} record={record} />
                ))}
              </ol>
            )
          }
        </Loaded>
      </div>
      {end !== undefined && end > 0 && (
        <div class="card-foot">
          <button type="button" class="btn" disabled={busy} onClick={() => void older()}>
            {busy ? "Reading…" : "Show older records"}
          </button>
        </div>
      )}
    </section>
  );
}

function merge(a: readonly AuditRecord[], b: readonly AuditRecord[]): AuditRecord[] {
  const all = new Map([...a, ...b].map((record) => [record.seq, record]));
  return [...all.values()].sort((x, y) => y.seq - x.seq);
}
