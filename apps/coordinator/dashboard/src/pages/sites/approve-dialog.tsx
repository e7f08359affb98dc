import { post } from "../../api/client.js";
import type { Site } from "../../api/types.js";
import { announce } from "../../state/announcer.js";
import { Confirm } from "../../ui/confirm.js";
import { Words } from "../../ui/words.js";

/** Shows the site's words large: approving says that the telephone said the same. */
export function ApproveDialog({ site, onClose }: { site: Site; onClose: () => void }) {
  const { site: name, fingerprint, words } = site;
  const approve = async () => {
    // Bound to the keys that were compared: keys that came since are refused.
    await post(`/sites/${encodeURIComponent(name)}/approve`, fingerprint === null ? {} : { fingerprint });
    announce(`${name} is approved.`);
  };
  return (
    <Confirm
      title={`Approve ${name}?`}
      action="The words are the same: approve"
      wide
      onClose={onClose}
      onConfirm={approve}
    >
      <p>
        Call {name} at a number that you know. There, <code>fedbaps-site status</code> shows the words of its keys.
        Approve only if every word is the same and in the same order.
      </p>
      {words !== null && <Words words={words} large label={`Words of ${name}`} />}
      {fingerprint !== null && (
        <p class="hint">
          Fingerprint of its signing key: <span class="mono">{fingerprint}</span>
        </p>
      )}
    </Confirm>
  );
}
