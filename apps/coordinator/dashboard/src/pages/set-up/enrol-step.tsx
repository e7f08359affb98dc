import type { Site } from "../../api/types.js";
import { Ago } from "../../ui/ago.js";
import { Badge } from "../../ui/badge.js";
import { Copy } from "../../ui/copy.js";

export function EnrolStep({ sites }: { sites: Site[] }) {
  const living = sites.filter(({ status }) => status !== "revoked");
  return (
    <>
      <p>
        Each site prepares its home, makes its own keys and enrols with its invite. Its images stay where they are. The
        list below changes by itself.
      </p>
      <Copy
        what="the commands at a site"
        text={`fedbaps-site init --site NAME --data FOLDER --blackbox MODEL\nfedbaps-site enroll --coordinator ${location.origin} --code INVITE`}
      />
      <ul>
        {living.map(({ site, status, inviteExpiresAt }) => (
          <li key={site} class="site-line">
            <strong>{site}</strong>
            {status === "invited" ? (
              <span class="row">
                <span class="hint">
                  {inviteExpiresAt !== null && (
                    <>
                      invite ends <Ago at={inviteExpiresAt} />
                    </>
                  )}
                </span>
                <Badge label={{ text: "Not enrolled yet", tone: "waiting" }} />
              </span>
            ) : (
              <Badge label={{ text: "Enrolled", tone: "good" }} />
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
