import { post } from "../../api/client.js";
import type { Site } from "../../api/types.js";
import { announce } from "../../state/announcer.js";
import { Confirm } from "../../ui/confirm.js";

export function RevokeDialog({ site: { site }, onClose }: { site: Site; onClose: () => void }) {
  const revoke = async () => {
    await post(`/sites/${encodeURIComponent(site)}/revoke`);
    announce(`${site} is revoked.`);
  };
  return (
    <Confirm title={`Revoke ${site}?`} action="Revoke this site" danger onClose={onClose} onConfirm={revoke}>
      <p>
        {site} is disconnected at once and cannot connect again until it is approved anew. It leaves the round that is
        running; a study that needs it waits.
      </p>
      <p class="muted">What it contributed to earlier rounds stays: it is part of sums that cannot be taken apart.</p>
    </Confirm>
  );
}
