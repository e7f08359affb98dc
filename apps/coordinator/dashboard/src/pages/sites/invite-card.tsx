import type { Invite } from "../../api/types.js";
import { Ago } from "../../ui/ago.js";
import { Copy } from "../../ui/copy.js";
import { Notice } from "../../ui/notice.js";

/** An invite: what to send to the site, and the command that it runs there. */
export function InviteCard({ invite }: { invite: Invite }) {
  return (
    <section class="stack" aria-label={`Invite for ${invite.site}`}>
      <Notice tone="active">
        <p>
          Send this to {invite.site} by a way that you trust. It is shown this once, works once, and ends{" "}
          <Ago at={invite.expiresAt} />.
        </p>
      </Notice>
      <div class="stack-tight">
        <h3>The site runs, after its own init</h3>
        <Copy
          what="the site's command"
          text={`fedbaps-site enroll --coordinator ${location.origin} --code ${invite.invite}`}
        />
      </div>
      <div class="stack-tight">
        <h3>The invite alone</h3>
        <Copy what="the invite" text={invite.invite} />
        <p class="hint">
          It holds a one-time code and the fingerprint of this coordinator's key, so that nobody can step in between at
          the first contact.
        </p>
      </div>
    </section>
  );
}
