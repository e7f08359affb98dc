import { useState } from "preact/hooks";
import { post } from "../../api/client.js";
import { problemWords } from "../../api/problem.js";
import type { Study } from "../../api/types.js";
import { type Control, controlsOf } from "../../logic/controls.js";
import { count } from "../../logic/numbers.js";
import { studyPath } from "../../logic/routes.js";
import { announce } from "../../state/announcer.js";
import { useAdmin } from "../../state/hooks.js";
import { VIEWER_REASON } from "../../ui/admin-button.js";
import { Confirm } from "../../ui/confirm.js";
import { Icon } from "../../ui/icon.js";
import { Link } from "../../ui/link.js";
import { Notice } from "../../ui/notice.js";

type Asked = "start" | "pause" | "abort";

/** What can be done with a study; what interrupts somebody's work asks first. */
export function Controls({ study, onDone }: { study: Study; onDone: () => void }) {
  const admin = useAdmin();
  const [asked, setAsked] = useState<Asked>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  if (!admin)
    return (
      <p class="hint" style={{ maxWidth: "20rem" }}>
        {VIEWER_REASON}
      </p>
    );
  const { name, status } = study;
  const act = async (verb: string, said: string) => {
    await post(`/studies/${encodeURIComponent(name)}/${verb}`);
    announce(said);
    onDone();
  };
  const resume = async () => {
    setBusy(true);
    setProblem(undefined);
    await act("resume", "The study goes on.").catch((error: unknown) => setProblem(problemWords(error)));
    setBusy(false);
  };
  const draw: Record<Control, () => preact.JSX.Element> = {
    start: () => (
      <button key="start" type="button" class="btn btn-primary" onClick={() => setAsked("start")}>
        <Icon name="play" size={15} />
        Start
      </button>
    ),
    edit: () => (
      <Link key="edit" class="btn" href={`${studyPath(name)}/edit`}>
        Change
      </Link>
    ),
    pause: () => (
      <button key="pause" type="button" class="btn" onClick={() => setAsked("pause")}>
        <Icon name="pause" size={15} />
        Pause
      </button>
    ),
    resume: () => (
      <button key="resume" type="button" class="btn btn-primary" disabled={busy} onClick={() => void resume()}>
        <Icon name="play" size={15} />
        Resume
      </button>
    ),
    abort: () => (
      <button key="abort" type="button" class="btn btn-danger" onClick={() => setAsked("abort")}>
        Abort
      </button>
    ),
    clone: () => (
      <Link key="clone" class="btn" href={`/new-study?from=${encodeURIComponent(name)}`}>
        <Icon name="copy" size={15} />
        Clone
      </Link>
    ),
  };
  const close = () => setAsked(undefined);
  return (
    <div class="stack-tight" style={{ justifyItems: "end" }}>
      <div class="row">{controlsOf(status).map((control) => draw[control]())}</div>
      {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
      {asked === "start" && (
        <Confirm
          title="Start this study?"
          action="Start"
          onClose={close}
          onConfirm={() => act("start", "The study is offered to its sites.")}
        >
          <p>
            It is offered to its {study.sites.length} sites. What it says can no longer be changed, because the sites
            approve exactly that. Training begins when enough of them have approved.
          </p>
        </Confirm>
      )}
      {asked === "pause" && (
        <Confirm
          title="Pause this study?"
          action="Pause"
          onClose={close}
          onConfirm={() => act("pause", "The study is paused.")}
        >
          <p>
            The running round is given up and made again after the pause. What the sites have trained stays with them:
            no answered query is paid for twice.
          </p>
        </Confirm>
      )}
      {asked === "abort" && (
        <Confirm
          title="Abort this study?"
          action="Abort for ever"
          danger
          typed={name}
          onClose={close}
          onConfirm={() => act("abort", "The study is aborted.")}
        >
          <p>
            An aborted study cannot go on.{" "}
            {study.completed > 0 &&
              `What the sites have of its ${count(study.completed, "completed round")} stays there. `}
            To stop for a while, pause it instead.
          </p>
        </Confirm>
      )}
    </div>
  );
}
