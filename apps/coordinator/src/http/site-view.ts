import { fingerprint } from "@fedbaps/core/secagg/keys.js";
import { siteWords } from "@fedbaps/core/secagg/roster.js";
import type { Presence } from "../store/presence-repository.js";
import type { SiteRow } from "../store/site-repository.js";

/** A site as the API shows it. @param inviteExpiresAt of an open invite */
export function siteView(site: SiteRow, presence: Presence | undefined, inviteExpiresAt: number | undefined) {
  const { name, status, signKey, boxKey, keysSince, createdAt } = site;
  return {
    site: name,
    status,
    fingerprint: signKey === null ? null : fingerprint(signKey),
    words: signKey === null || boxKey === null ? null : siteWords({ signKey, boxKey }),
    keysSince,
    connected: presence?.connected ?? false,
    lastMessage: presence?.lastMessage ?? site.lastSeen,
    createdAt,
    inviteExpiresAt: inviteExpiresAt ?? null,
    bytesUp: presence?.bytesUp ?? site.bytesUp,
    bytesDown: presence?.bytesDown ?? site.bytesDown,
  };
}
