import { protocolIn, protocolLine } from "./protocol-version.js";

const KNOWN: Readonly<Record<string, string>> = {
  COORDINATOR_UNREACHABLE: "the coordinator cannot be reached; fedbaps-site doctor says where it ends",
  DNS_FAILED: "the coordinator's name cannot be resolved: check this machine's DNS, or name the proxy",
  TLS_UNTRUSTED:
    "the coordinator's certificate is not signed by an authority that this machine knows: give your hospital's CA with ca: in site.yaml",
  TLS_EXPIRED: "the coordinator's certificate is not valid today: check this machine's clock, then tell the study lead",
  TLS_WRONG_HOST: "the certificate is for another host than the coordinator: check the address",
  TLS_FAILED: "no TLS connection to the coordinator: does it speak https at this address?",
  PROXY_AUTH:
    "the proxy wants a user name and password: http://USER:PASSWORD@HOST:PORT with proxy: in site.yaml or in HTTPS_PROXY",
  PROXY_REFUSED: "the proxy does not let this machine through to the coordinator: ask your IT to allow it",
  PROXY_UNREACHABLE: "the proxy cannot be reached: check proxy: in site.yaml or HTTPS_PROXY",
  COORDINATOR_KEY: "another coordinator than this site enrolled with answers: tell the study lead",
  PROTOCOL: "what answers is no coordinator that this program understands: check the address, and update both sides",
  PROTOCOL_VERSION: "the coordinator speaks another version of the protocol: update this program or the coordinator",
  AUTH_TIMEOUT: "the coordinator waited in vain for this site's signature; the line may be slow",
  TOO_MANY_CONNECTIONS: "the coordinator has too many connections that it does not know yet",
  SITE_PENDING: "the study lead has not approved this site yet",
  TRY_AGAIN: "the coordinator cannot take messages at this moment",
  INTERNAL: "the coordinator has met a fault of its own: tell the study lead",
  SITE_REVOKED: "the study lead has revoked this site",
  UNKNOWN_SITE: "the coordinator does not know this site: enroll again",
  BAD_SIGNATURE: "the coordinator knows other keys of this site: were they renewed in another home?",
  KEYS_RENEWED: "the keys of this site were renewed: start the agent again",
  DISK_FULL: "the disk with the home is full: free some space there",
  DISK_QUOTA: "the disk quota of the home is used up: free some space there or ask for a larger quota",
  DISK_FAILED: "the disk with the home reports an error: look at the disk or the network drive",
  HOME_READ_ONLY: "the home cannot be written: mount its disk writable, give this account the right",
  HOME_GONE: "the home, or a file in it, is not there any more: put it back or mount its disk",
  HOME_CHANGED: "another process wrote to the home: stop all agents of it, then start one",
  HOME_NEWER: "the home was used by a newer version of this program: update this one",
  JOURNAL_DAMAGED: "the journal of a study is damaged: restore the home from a backup",
  CLOCK_OFF: "this machine's clock is far off: switch on time synchronisation",
  POLICY_FAULTY: "policy.yaml has a fault, so the rules of before count: mend it",
  POLICY_REFUSED: "policy.yaml refuses what was asked: fedbaps-site study show says which line",
  REPLACED: "another process uses this site's identity",
};

/** What a refusal or failure means and what to do, for the codes that a person can do something about; else the code. */
export function adviceOn(code: string): string {
  const theirs = protocolIn(code);
  if (theirs !== undefined) return protocolLine(theirs);
  return KNOWN[code] ?? code;
}
