import { Dialog } from "../../ui/dialog.js";
import { InviteForm } from "./invite-form.js";

export function InviteDialog({ site, onClose }: { site?: string | undefined; onClose: () => void }) {
  return (
    <Dialog title={site ? `New invite for ${site}` : "Invite a site"} wide onClose={onClose}>
      <InviteForm site={site} />
      <div class="dialog-foot">
        <button type="button" class="btn" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
