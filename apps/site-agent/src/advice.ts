/** What a refusal means and what to do, for the codes that a person can do something about. */
export function adviceOn(code: string): string {
  const known: Record<string, string> = {
    COORDINATOR_UNREACHABLE: "the coordinator cannot be reached",
    COORDINATOR_KEY: "another coordinator than this site enrolled with answers: tell the study lead",
    PROTOCOL: "the coordinator speaks another version: update this program or the coordinator",
    PROTOCOL_VERSION: "the coordinator speaks another version: update this program or the coordinator",
    SITE_PENDING: "the study lead has not approved this site yet",
    TRY_AGAIN: "the coordinator cannot take messages at this moment",
    SITE_REVOKED: "the study lead has revoked this site",
    UNKNOWN_SITE: "the coordinator does not know this site: enroll again",
    BAD_SIGNATURE: "the coordinator knows other keys of this site: were they renewed in another home?",
    KEYS_RENEWED: "the keys of this site were renewed: start the agent again",
    REPLACED: "another process uses this site's identity",
  };
  return known[code] ?? code;
}
