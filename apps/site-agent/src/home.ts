import { stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { AgentError } from "./errors.js";
import { unwritable, writing } from "./home-failure.js";

export { unwritable } from "./home-failure.js";

import type { PassphraseSource } from "./passphrase.js";

/** The places in an agent's home. */
export class Home {
  /** @param passphrase where that of the keys comes from, for verbs that use them */
  constructor(
    readonly folder: string,
    readonly passphrase: PassphraseSource = async () => undefined,
  ) {}

  get identity(): string {
    return join(this.folder, "identity.json");
  }
  /** New keys, while it is not known that the coordinator has taken them. */
  get nextIdentity(): string {
    return join(this.folder, "identity.next.json");
  }
  get policy(): string {
    return join(this.folder, "policy.yaml");
  }
  get site(): string {
    return join(this.folder, "site.yaml");
  }
  /** Which coordinator this site is enrolled with. */
  get membership(): string {
    return join(this.folder, "coordinator.json");
  }
  get approvals(): string {
    return join(this.folder, "approvals.json");
  }
  /** The studies as the coordinator offered them last. */
  get offers(): string {
    return join(this.folder, "offers.json");
  }
  get lock(): string {
    return join(this.folder, "agent.lock");
  }
  get log(): string {
    return join(this.folder, "agent.log");
  }
  /** The roster that this site accepted, and the one that the coordinator offered last. */
  get roster(): string {
    return join(this.folder, "roster.json");
  }
  get offeredRoster(): string {
    return join(this.folder, "roster-offered.json");
  }
  /** The salt of patients' names. */
  get patientSalt(): string {
    return join(this.folder, "patient-salt");
  }
  /** What is known of data files that have not changed. */
  get findings(): string {
    return join(this.folder, "data-findings.json");
  }
  /** Kept answers of the black box. */
  get answers(): string {
    return join(this.folder, "answers");
  }
  get studies(): string {
    return join(this.folder, "studies");
  }
  /** @param study a name by `nameSchema`, so never a way out of the folder. */
  study(study: string): string {
    return join(this.studies, study);
  }

  /** Makes the folder, for its owner only. @throws AgentError as `writing` does */
  async create(): Promise<void> {
    await writing(this.folder, () => makeFolder(this.folder, 0o700));
  }

  /** @throws AgentError HOME_GONE when the folder was there before, and is not any more. */
  async requireThere(): Promise<void> {
    await stat(this.folder).catch((error: unknown) => {
      throw unwritable(this.folder, error);
    });
  }

  /** Whether `init` has been here. */
  isInitialised(): Promise<boolean> {
    return stat(this.identity).then(
      () => true,
      () => false,
    );
  }

  /** @throws AgentError HOME_MISSING unless `init` has been here. */
  async requireInitialised(): Promise<void> {
    if (!(await this.isInitialised()))
      throw new AgentError(
        "HOME_MISSING",
        `${this.folder} holds no site yet; make it with: fedbaps-site init --home ${this.folder}`,
      );
  }
}
