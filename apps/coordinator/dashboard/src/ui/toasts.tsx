import { announcements } from "../state/announcer.js";
import { useStore } from "../state/hooks.js";

/** What has just happened, in the corner and to screen readers. */
export function Toasts() {
  const shown = useStore(announcements);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text }) => (
        <div key={id} class="toast">
          {text}
        </div>
      ))}
    </div>
  );
}
