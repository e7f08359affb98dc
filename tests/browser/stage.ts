import { randomBytes } from "node:crypto";
import type { Coordinator, CoordinatorOptions } from "@fedbaps/coordinator/app.js";
import { createIdentity, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import type { Instruction } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { afterEach } from "@jest/globals";
import { api, closeAgents, enrol, FakeAgent, signSites, start } from "../integration/coordinator-support.js";

export const SITES = ["city-hospital", "st-mary", "university"];

/** Starts coordinators that are closed after each test, whatever became of it. */
export function useCoordinators(): (overrides?: Partial<CoordinatorOptions>) => Promise<Coordinator> {
  const open = new Set<Coordinator>();
  afterEach(async () => {
    closeAgents();
    for (const coordinator of open) await coordinator.close();
    open.clear();
  });
  return async (overrides) => {
    const coordinator = await start(overrides);
    const tracked = {
      ...coordinator,
      close: () => {
        open.delete(tracked);
        return coordinator.close();
      },
    };
    open.add(tracked);
    return tracked;
  };
}

/** Enrols as the site agent does with the invite that a study lead has sent. */
export async function enrolByInvite(url: string, site: string, invite: string): Promise<Identity> {
  const identity = createIdentity(site, (count) => new Uint8Array(randomBytes(count)));
  const { signKey, boxKey } = memberOf(identity);
  const code = invite.slice(0, invite.indexOf("."));
  const request = { protocol: PROTOCOL_VERSION, code, site, signKey, boxKey } as const;
  await api(url, "none", "POST", "/enrol", {
    ...request,
    signature: sign(enrolTranscript(request), identity.sign.secretKey),
  });
  return identity;
}

/** Something that sites wait at until it is opened. */
export class Gate {
  #open: () => void = () => {};
  #closed: Promise<void> | undefined;

  close(): void {
    this.#closed ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
    this.#closed = undefined;
  }

  get passed(): Promise<void> | undefined {
    return this.#closed;
  }
}

export interface Stage {
  readonly url: string;
  readonly token: string;
  readonly identities: Identity[];
  /** While it is closed, no site answers that it has trained. */
  readonly training: Gate;
  connect(): FakeAgent[];
}

/** Three sites on a signed roster, and a draft that names them. */
export async function prepareStage(
  coordinator: Coordinator,
  token: string,
  spec: Record<string, unknown> = {},
): Promise<Stage> {
  const { url } = coordinator;
  const identities: Identity[] = [];
  for (const site of SITES) identities.push(await enrol(url, token, site));
  await signSites(url, token);
  await api(url, token, "POST", "/studies", {
    name: "lesions",
    title: "Skin lesions",
    rounds: 3,
    participation: { sites: SITES },
    ...spec,
  });
  const training = new Gate();
  const before = ({ phase }: Instruction) => (phase === "training" ? training.passed : undefined);
  return {
    url,
    token,
    identities,
    training,
    connect: () => identities.map((own) => new FakeAgent(url, own, { before })),
  };
}
