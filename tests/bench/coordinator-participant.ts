import { randomBytes } from "node:crypto";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { packUpdate, sealedLength } from "@fedbaps/core/federation/update.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { dealEpochKey, openEpochShare } from "@fedbaps/core/secagg/epoch.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { EpochDeal } from "@fedbaps/core/wire/epoch.js";
import type { Instruction } from "@fedbaps/core/wire/messages.js";
import type { SimulatedSite } from "./coordinator-site.js";

type Asked = Exclude<Instruction, { phase: "wait" }>;
type Send = () => Promise<void>;

const random = (count: number) => new Uint8Array(randomBytes(count));

/** What the sites of one cohort need to work out only once, as it costs the load process and not the coordinator. */
export class SharedWork {
  #deal: EpochDeal | undefined;
  #update: Uint32Array | undefined;

  /** A key for the sums, which in truth every site that is asked deals by itself. */
  dealBy(site: SimulatedSite, study: string): EpochDeal {
    this.#deal ??= dealEpochKey(site.identity, scopeOf(site, study), new Map(), random);
    return this.#deal;
  }

  /** The update that all of them send. */
  update(cohortSize: number): Uint32Array {
    this.#update ??= packUpdate({
      delta: new Float32Array(parameterCount("baps")),
      clip: 10,
      images: 10,
      maxImages: 10_000,
      metrics: { valDice: 0.5 },
      cohortSize,
    });
    return this.#update;
  }
}

/** One site in one study: "trains" at once, else does what an agent does, by the real `SecAggClient`. */
export class Participant {
  readonly #keys = new Map<string, Uint8Array>();
  #client: SecAggClient | undefined;
  #members = 0;
  /** What is asked of it now. */
  asked: Asked | undefined;

  constructor(
    readonly site: SimulatedSite,
    private readonly study: string,
    private readonly shared: SharedWork,
  ) {}

  /** Works out the answer to what is asked. @returns how to send it. */
  async prepare(): Promise<Send> {
    const { asked, site, study } = this;
    if (asked === undefined) throw new Error(`nothing is asked of ${site.identity.site}`);
    const reply = (fields: object): Send => {
      const message = { phase: asked.phase, reference: referenceOf(asked), ...fields };
      return () => site.send("reply", message);
    };
    switch (asked.phase) {
      case "recruiting":
        return reply({ ready: true, ...(asked.makeEpoch && { epoch: this.shared.dealBy(site, study) }) });
      case "training": {
        const send = reply({ queries: 10 });
        return async () => {
          if (asked.version > 0) await site.fetchSums(study, asked.version - 1);
          await send();
        };
      }
      case "advertiseKeys":
        return reply({ advertisement: this.#begin(asked).advertiseKeys() });
      case "shareKeys":
        return reply({ shares: await this.#ongoing.shareKeys(asked.advertisements) });
      case "maskedInput":
        return reply({
          vector: encodeRing(this.#ongoing.maskInput(asked.shares, this.shared.update(this.#members))),
        });
      case "consistency":
        return reply({ signature: this.#ongoing.confirmSurvivors(asked.survivors) });
      case "unmask":
        return reply({ shares: this.#ongoing.unmask(asked.request) });
      case "report": {
        const { version } = asked;
        return () => site.send("report", { study, version, deployed: true, queries: 10, blackboxSeconds: 0.5 });
      }
    }
  }

  /** Says that it cannot go on with this round. */
  giveUp(): Promise<void> {
    return this.site.send("failure", { study: this.study, stage: "secagg", code: "CLIENT_STATE_LOST" });
  }

  #begin({ cohort, epoch }: Extract<Instruction, { phase: "advertiseKeys" }>): SecAggClient {
    const { identity } = this.site;
    if (epoch)
      for (const [id, key] of openEpochShare(identity, scopeOf(this.site, this.study), epoch)) this.#keys.set(id, key);
    const key = cohort.seal === null ? undefined : this.#keys.get(cohort.seal);
    const seal = key ? { seal: { key, length: sealedLength(parameterCount("baps")) } } : {};
    this.#members = cohort.members.length;
    this.#client?.clean();
    this.#client = new SecAggClient({ identity, cohort, random, ...seal });
    return this.#client;
  }

  get #ongoing(): SecAggClient {
    if (this.#client === undefined) throw new Error(`${this.site.identity.site} is in no round`);
    return this.#client;
  }
}

function scopeOf(site: SimulatedSite, study: string) {
  const scope = site.scopeOf(study);
  return { ...scope, rosterHash: rosterHash(scope.roster) };
}

function referenceOf(asked: Asked): unknown {
  if ("cohort" in asked) return asked.cohort.reference;
  return "reference" in asked ? asked.reference : undefined;
}
