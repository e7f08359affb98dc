import type { Site } from "../../api/types.js";
import { Dialog } from "../../ui/dialog.js";
import { Words } from "../../ui/words.js";

export function WordsDialog({ site, onClose }: { site: Site; onClose: () => void }) {
  return (
    <Dialog title={`Words of ${site.site}`} wide onClose={onClose}>
      <p>
        The words of this site's keys. At the site, <code>fedbaps-site status</code> shows the same.
      </p>
      {site.words !== null && <Words words={site.words} large label={`Words of ${site.site}`} />}
      <p class="hint">
        Fingerprint of its signing key: <span class="mono">{site.fingerprint}</span>
      </p>
      <div class="dialog-foot">
        <button type="button" class="btn" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
