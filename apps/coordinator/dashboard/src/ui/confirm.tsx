import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { problemWords } from "../api/problem.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";
import { Notice } from "./notice.js";

export interface ConfirmProps {
  title: string;
  action: string;
  danger?: boolean;
  /** What has to be typed first. */
  typed?: string;
  wide?: boolean;
  onClose: () => void;
  onConfirm: () => Promise<unknown>;
  children: ComponentChildren;
}

/** Asks before something is done; what goes wrong is said in the dialog. */
export function Confirm({ title, action, danger, typed, wide, onClose, onConfirm, children }: ConfirmProps) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const ready = typed === undefined || text.trim() === typed;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(problemWords(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} wide={wide} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        {children}
        {typed !== undefined && (
          <Field label={`Type ${typed} to confirm`}>
            {(props) => (
              <input
                {...props}
                class="input"
                autocomplete="off"
                value={text}
                onInput={(e) => setText(e.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
        <div class="dialog-foot">
          <button type="button" class="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={`btn ${danger ? "btn-danger-solid" : "btn-primary"}`} disabled={!ready || busy}>
            {busy ? "One moment…" : action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
