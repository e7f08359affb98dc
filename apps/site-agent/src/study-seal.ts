import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { dealEpochKey, openEpochShare } from "@fedbaps/core/secagg/epoch.js";
import type { Identity, RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import type { EpochDeal, EpochShare } from "@fedbaps/core/wire/epoch.js";
import { digestSchema } from "@fedbaps/core/wire/primitives.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import { readJson, writeJson } from "./json-file.js";

const fileSchema = z.strictObject({
  format: z.literal("fedbaps-epoch-keys/1"),
  keys: z.record(digestSchema, z.base64()),
});

export interface StudySealInit {
  readonly study: StudySpec;
  readonly hash: string;
  readonly identity: Identity;
  readonly random: RandomBytes;
  /** The keys' file, in the study's folder. */
  readonly file: string;
  /** The roster that this site has accepted by now. */
  roster(): Promise<Roster | undefined>;
}

/** The keys that seal one study's sums, at this site: made, dealt, received, kept. Never logged, never sent but in boxes. */
export class StudySeal {
  #keys: Map<string, Uint8Array> | undefined;

  constructor(private readonly init: StudySealInit) {}

  /**
   * Makes a key for the study under a roster, boxed for each of its sites; this site reads its own box like the others.
   * @returns undefined where rounds before were sealed with keys that this site does not hold: it could not pass them on.
   */
  async deal(roster: Roster, round: number): Promise<EpochDeal | undefined> {
    const { identity, random } = this.init;
    if (round > 1 && (await this.#load()).size === 0) return undefined;
    return dealEpochKey(identity, this.#scope(roster), await this.#load(), random);
  }

  /**
   * The key with this id, out of this site's box. The box is asked for although the key may be kept: its maker signs
   * which roster the key serves, and sites that have left the roster know the keys of those before.
   * @throws AgentError NO_EPOCH_KEY; SecAggError where the box is not what it should be.
   */
  async key(id: string, share: EpochShare | null, roster: Roster): Promise<Uint8Array> {
    if (share?.keyId !== id) throw this.#noKey();
    const found = openEpochShare(this.init.identity, this.#scope(roster), share);
    if (!(await this.#load()).has(id)) await this.#learn(found);
    return this.kept(id);
  }

  /** @throws AgentError NO_EPOCH_KEY */
  async kept(id: string): Promise<Uint8Array> {
    const key = (await this.#load()).get(id);
    if (!key) throw this.#noKey();
    return key;
  }

  #noKey(): AgentError {
    return new AgentError(
      "NO_EPOCH_KEY",
      `this site has no key to the sealed sums of ${this.init.study.name}; it gets it when it takes part in the next round`,
    );
  }

  /** Takes keys out of boxes that came with past sums; boxes of another roster than the accepted one are left alone. */
  async learnFrom(shares: readonly EpochShare[]): Promise<void> {
    const roster = await this.init.roster();
    const keys = await this.#load();
    for (const share of shares)
      if (roster && !keys.has(share.keyId) && share.rosterHash === rosterHash(roster))
        await this.#learn(openEpochShare(this.init.identity, this.#scope(roster), share));
  }

  async #learn(found: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const keys = await this.#load();
    for (const [id, key] of found) keys.set(id, key);
    const stored = Object.fromEntries([...keys].map(([id, key]) => [id, toBase64(key)]));
    // On the disk before a sum is made with it: later rounds are trained from what it opens.
    await writeJson(this.init.file, { format: "fedbaps-epoch-keys/1", keys: stored }, 0o600);
  }

  async #load(): Promise<Map<string, Uint8Array>> {
    if (!this.#keys) {
      const stored = await readJson(this.init.file, fileSchema);
      this.#keys = new Map(Object.entries(stored?.keys ?? {}).map(([id, key]) => [id, fromBase64(key)]));
    }
    return this.#keys;
  }

  #scope(roster: Roster) {
    const { hash, study } = this.init;
    return { studyHash: hash, roster, rosterHash: rosterHash(roster), sites: [...study.participation.sites].sort() };
  }
}
