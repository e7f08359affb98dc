import type { Site } from "../../api/types.js";
import { siteLabel } from "../../logic/status.js";
import { useAdmin } from "../../state/hooks.js";
import { Badge } from "../../ui/badge.js";
import { InviteForm } from "../sites/invite-form.js";

export function InviteStep({ sites }: { sites: Site[] }) {
  const admin = useAdmin();
  return (
    <>
      <p>
        A sum over fewer than three sites could give one of them away, so a study needs at least three. Make an invite
        for each and send it to the site's data scientist.
      </p>
      {admin && <InviteForm />}
      {sites.length > 0 && (
        <ul>
          {sites.map(({ site, status }) => (
            <li key={site} class="site-line">
              <strong>{site}</strong>
              <Badge label={siteLabel(status)} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
