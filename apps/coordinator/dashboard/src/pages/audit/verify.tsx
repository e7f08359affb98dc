import { useState } from "preact/hooks";
import { get } from "../../api/client.js";
import { problemWords } from "../../api/problem.js";
import type { AuditVerdict } from "../../api/types.js";
import { count } from "../../logic/numbers.js";
import { Card } from "../../ui/card.js";
import { Icon } from "../../ui/icon.js";
import { Notice } from "../../ui/notice.js";

/** Has the whole chain checked, and says what came of it. */
export function VerifyCard() {
  const [verdict, setVerdict] = useState<AuditVerdict>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      setVerdict(await get<AuditVerdict>("/audit/verify"));
    } catch (error) {
      setVerdict(undefined);
      setProblem(problemWords(error));
    }
    setBusy(false);
  };
  return (
    <Card
      title="Is the trail whole?"
      hint={
        <>
          Checks every record against the one before. To check without trusting this coordinator, export the trail and
          run <code>fedbaps-coordinator audit verify</code> on your own machine.
        </>
      }
      aside={
        <button type="button" class="btn" disabled={busy} onClick={() => void verify()}>
          <Icon name="shield" size={16} />
          {busy ? "Checking…" : "Verify"}
        </button>
      }
    >
      <div aria-live="polite">
        {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
        {verdict && <Verdict verdict={verdict} />}
        {!verdict && problem === undefined && <p class="muted small">Not checked since this page was opened.</p>}
      </div>
    </Card>
  );
}

function Verdict({ verdict: { ok, records, head, problem } }: { verdict: AuditVerdict }) {
  if (ok)
    return (
      <Notice tone="good">
        <p>The trail is whole: {count(records, "record")}, none changed, removed or put elsewhere.</p>
        <p class="small">
          Hash of the newest:{" "}
          <span class="mono" style={{ overflowWrap: "anywhere" }}>
            {head.hash}
          </span>
        </p>
      </Notice>
    );
  return (
    <Notice tone="bad">
      <p>
        The trail is broken{problem ? ` at record ${problem.seq}: ${problem.message}` : ""}. Keep the database as it is
        and compare it with an earlier export.
      </p>
      {problem && <p class="small mono">{problem.code}</p>}
    </Notice>
  );
}
