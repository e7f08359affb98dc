import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Step } from "../../logic/set-up.js";
import { announce } from "../../state/announcer.js";
import { Icon } from "../../ui/icon.js";

/** One step: open while it is the current one; it can be folded and unfolded at any time. */
export function StepCard({ step, number, children }: { step: Step; number: number; children: ComponentChildren }) {
  const { title, done, current, progress } = step;
  const [open, setOpen] = useState(current);
  const [wasDone, setWasDone] = useState(done);
  useEffect(() => {
    if (current) setOpen(true);
  }, [current]);
  useEffect(() => {
    if (done && !wasDone) announce(`Step ${number} is done: ${title}.`);
    setWasDone(done);
  }, [done]);
  return (
    <details
      class={`card step${current ? " step-current" : ""}${done ? " step-done" : ""}`}
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <span class="step-mark">
          {done ? <Icon name="check" size={18} /> : number}
          <span class="visually-hidden">{done ? "done" : current ? "now" : "later"}</span>
        </span>
        <h2 class="step-title">{title}</h2>
        <span class="step-progress">{progress}</span>
      </summary>
      <div class="step-body">{children}</div>
    </details>
  );
}
