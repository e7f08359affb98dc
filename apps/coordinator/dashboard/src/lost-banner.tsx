import { linkStore, tryNow } from "./api/events.js";
import { clockTime } from "./logic/time.js";
import { useStore } from "./state/hooks.js";
import { Icon } from "./ui/icon.js";

/** Says calmly that what is shown may be old, while the link to the coordinator is lost. */
export function LostBanner() {
  const link = useStore(linkStore);
  return (
    <div role="status" aria-live="polite">
      {link.kind === "lost" && (
        <div class="banner">
          <span class="row">
            <Icon name="clock" size={16} />
            Connection lost{link.since > 0 ? `, showing the state of ${clockTime(link.since)}` : ""}; trying again.
          </span>
          <button type="button" class="btn" onClick={tryNow}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}
