import { randomBytes } from "node:crypto";
import { createIdentity, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import { signRoster } from "@fedbaps/core/secagg/roster.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";

const AT_ONCE = 4;
const random = (count: number) => new Uint8Array(randomBytes(count));

/** The coordinator's API, by its address and an admin's token. */
export interface Api {
  readonly url: string;
  readonly token: string;
}

/** Asks the API and gives its JSON. @throws Error for any answer that is not a success. */
export async function ask<T>({ url, token }: Api, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/** Invites, enrols and approves sites as people do, a few at a time. */
export async function enrolSites(api: Api, names: readonly string[]): Promise<Identity[]> {
  const identities: Identity[] = [];
  for (let i = 0; i < names.length; i += AT_ONCE)
    identities.push(...(await Promise.all(names.slice(i, i + AT_ONCE).map((site) => enrol(api, site)))));
  return identities;
}

async function enrol(api: Api, site: string): Promise<Identity> {
  const identity = createIdentity(site, random);
  const { signKey, boxKey } = memberOf(identity);
  const { code } = await ask<{ code: string }>(api, "POST", "/invites", { site });
  const request = { protocol: PROTOCOL_VERSION, code, site, signKey, boxKey } as const;
  const signature = sign(enrolTranscript(request), identity.sign.secretKey);
  await ask(api, "POST", "/enrol", { ...request, signature });
  await ask(api, "POST", `/sites/${site}/approve`);
  return identity;
}

/** Signs a roster of these members, as the study lead does. */
export async function signSites(api: Api, members: readonly Member[]): Promise<void> {
  const lead = createIdentity("lead", random).sign;
  await ask(api, "POST", "/roster", signRoster(members, lead, undefined));
}
