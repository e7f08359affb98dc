import { useState } from "preact/hooks";
import type { Site } from "../../api/types.js";
import { AdminButton } from "../../ui/admin-button.js";
import { Badge } from "../../ui/badge.js";
import { Words } from "../../ui/words.js";
import { ApproveDialog } from "../sites/approve-dialog.js";

export function ApproveStep({ sites }: { sites: Site[] }) {
  const [open, setOpen] = useState<Site>();
  const enrolled = sites.filter(({ status }) => status === "pending" || status === "approved");
  return (
    <>
      <p>
        Call each site and compare the words of its keys with what <code>fedbaps-site status</code> shows there. If they
        are the same, nobody stands in between: approve.
      </p>
      {enrolled.length === 0 && <p class="muted">No site has enrolled yet.</p>}
      <ul>
        {enrolled.map((site) => (
          <li key={site.site} class="site-line">
            <div class="stack-tight">
              <strong>{site.site}</strong>
              {site.words !== null && <Words words={site.words} label={`Words of ${site.site}`} />}
            </div>
            {site.status === "approved" ? (
              <Badge label={{ text: "Approved", tone: "good" }} />
            ) : (
              <AdminButton
                class="btn btn-primary"
                onClick={() => setOpen(site)}
                label={`Compare words and approve ${site.site}`}
              >
                Compare and approve
              </AdminButton>
            )}
          </li>
        ))}
      </ul>
      {open && <ApproveDialog site={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}
