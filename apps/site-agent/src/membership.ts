import { UsageError } from "@fedbaps/core/common/errors.js";
import { publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";
import { type Policy, ruleText } from "./policy.js";

const membershipSchema = z.strictObject({
  format: z.literal("fedbaps-membership/1"),
  url: z.url(),
  /** The coordinator's Ed25519 public key, pinned at enrolment. */
  publicKey: publicKeySchema,
});
export type Membership = Pick<z.infer<typeof membershipSchema>, "url" | "publicKey">;

export function saveMembership(home: Home, membership: Membership): Promise<void> {
  return writeJson(home.membership, { format: "fedbaps-membership/1", ...membership });
}

export async function readMembership(home: Home): Promise<Membership | undefined> {
  return readJson(home.membership, membershipSchema);
}

/** @throws AgentError NOT_ENROLLED */
export async function loadMembership(home: Home): Promise<Membership> {
  const membership = await readMembership(home);
  if (!membership)
    throw new AgentError(
      "NOT_ENROLLED",
      "this site belongs to no coordinator yet; use: fedbaps-site enroll --coordinator URL",
    );
  return membership;
}

/**
 * The coordinator's address, without a path's trailing slash.
 * @throws UsageError for what is no such address
 * @throws AgentError POLICY_REFUSED for plain HTTP to a host that the policy does not name
 */
export function checkUrl(text: string, policy: Policy): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new UsageError(`"${text}" is no address of a coordinator; write it as https://HOST`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "http:" && !isLoopback(host) && !policy.allowInsecureHttp.includes(host))
    throw new AgentError(
      "POLICY_REFUSED",
      `${ruleText(policy, "allowInsecureHttp")}: plain http:// to ${host} can be read on the way; use https://, or add ${host} to that line`,
    );
  return url.href.replace(/\/$/, "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
