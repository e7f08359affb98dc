import { systemClock } from "@fedbaps/core/common/clock.js";
import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import type { Failure, Instruction, Reply } from "@fedbaps/core/wire/messages.js";
import { fixedPolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { policySchema } from "@fedbaps/site-agent/policy.js";
import { guardReveal } from "@fedbaps/site-agent/reveal-guard.js";
import { RoundRunner } from "@fedbaps/site-agent/round-runner.js";
import { describe, expect, it } from "@jest/globals";
import { Attempt, type Federation, federate, type HonestSite, type Party } from "../../protocol/honest-sites.js";
import { codeThrown } from "../../protocol/parties.js";
import { codeOf } from "../../support/codes.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const all = ["a", "b", "c", "d", "e", "f", "g"];
const without = (...names: string[]) => all.filter((site) => !names.includes(site));

function guard(revealed: [round: number, survivors: string[]][], survivors: string[], least = 3, round = 1): unknown {
  const records = revealed.map(([at, names], i) => ({
    kind: "revealed" as const,
    round: at,
    attempt: i + 1,
    survivors: names,
    dropped: all.filter((site) => !names.includes(site)),
  }));
  return codeThrown(() => guardReveal(records, { study: "study", round, attempt: 9 }, survivors, least));
}

describe("the guard over repeated sums", () => {
  it("lets the first sum and the same sum again pass, in any order of names", () => {
    expect(guard([], all)).toBe("nothing thrown");
    expect(guard([[1, all]], all)).toBe("nothing thrown");
    expect(guard([[1, all]], [...all].reverse())).toBe("nothing thrown");
    expect(
      guard(
        [
          [1, all],
          [1, all],
          [1, all],
        ],
        all,
      ),
    ).toBe("nothing thrown");
  });

  it.each<[string, string[], string[]]>([
    ["one site fewer", all, without("g")],
    ["one site more", without("g"), all],
    ["one site in another's place", without("g"), without("f")],
    ["two sites fewer", all, without("f", "g")],
  ])("refuses a sum over %s", (_, first, second) => {
    expect(guard([[1, first]], second)).toBe("REVEAL_CONFLICT");
  });

  it("lets one other set pass that differs by the site's floor, and no third", () => {
    const [second, third] = [without("e", "f", "g"), without("a", "b", "c")];
    expect(guard([[1, all]], second)).toBe("nothing thrown");
    expect(guard([[1, all]], second, 4)).toBe("REVEAL_CONFLICT");
    expect(
      guard(
        [
          [1, all],
          [1, second],
        ],
        third,
      ),
    ).toBe("REVEAL_CONFLICT");
    expect(
      guard(
        [
          [1, all],
          [1, second],
        ],
        second,
      ),
    ).toBe("nothing thrown");
    expect(
      guard(
        [
          [1, all],
          [1, second],
        ],
        all,
      ),
    ).toBe("nothing thrown");
  });

  it("looks at the round alone that is asked for", () => {
    expect(guard([[1, all]], without("g"), 3, 2)).toBe("nothing thrown");
    expect(
      guard(
        [
          [1, all],
          [2, without("g")],
        ],
        without("f"),
        3,
        2,
      ),
    ).toBe("REVEAL_CONFLICT");
  });
});

/** A site behind its runner: what it sends, and what it fails with. */
class RunnerParty implements Party {
  readonly failures: Failure[] = [];
  readonly replies: Reply[] = [];
  readonly #runner: RoundRunner;

  constructor({ study, hash }: Federation, site: HonestSite) {
    const { store, work, sums, seal, init, accepted } = site;
    this.name = site.name;
    this.#runner = new RoundRunner({
      site: site.name,
      offer: { spec: study, hash },
      policy: fixedPolicy(policySchema.parse(init.policy)),
      store,
      work,
      sums,
      seal,
      roster: async () => accepted.roster,
      link: {
        reply: (reply) => void this.replies.push(reply),
        progress: () => {},
        failure: (failure) => void this.failures.push(failure),
        report: (_report, done) => done(true),
      },
      clock: systemClock,
      logger: silentLogger,
      approved: () => true,
      show: () => {},
      say: () => {},
      over: () => {},
    });
  }

  readonly name: string;

  async answer(instruction: Instruction): Promise<Reply> {
    const [replies, failures] = [this.replies.length, this.failures.length];
    this.#runner.receive(instruction);
    await this.#runner.idle();
    const failure = this.failures[failures];
    if (failure) throw new FedBapsError(failure.code, failure.stage);
    return this.replies[replies];
  }
}

const behindRunners = (federation: Federation, sites: readonly HonestSite[]) =>
  sites.map((site) => new RunnerParty(federation, site));

describe("a site that has revealed shares for a round", () => {
  it.each([false, true])("refuses a sum with one site fewer before it signs (restarted: %s)", async (restart) => {
    const federation = await federate();
    const before = behindRunners(federation, federation.sites);
    await new Attempt(federation, 1, before).run();
    const records = federation.sites.map(({ store }) => store.records("revealed"));
    expect(records.map((entries) => entries.length)).toEqual([1, 1, 1, 1]);
    expect(records[0][0]).toMatchObject({
      round: 1,
      attempt: 1,
      survivors: before.map(({ name }) => name),
      dropped: [],
    });

    const sites = restart ? await Promise.all(federation.sites.map((site) => site.restarted())) : federation.sites;
    const parties = restart ? behindRunners(federation, sites) : before;
    const attempt = new Attempt(federation, 2, parties);
    const { survivors } = await attempt.mask([parties[3].name]);
    for (const party of parties.slice(0, 3)) {
      const sent = party.replies.length;
      expect(await codeOf(() => attempt.sign(party, survivors))).toBe("REVEAL_CONFLICT");
      expect(party.failures.at(-1)).toEqual({ study: "study", stage: "secagg", code: "REVEAL_CONFLICT" });
      expect(party.replies).toHaveLength(sent);
    }
    // The same sites once more: the sum is made.
    const last = new Attempt(federation, 3, parties);
    expect((await last.open(await last.run())).sites).toBe(4);
  });

  it("keeps to its own floor: one more set that differs by as many sites, and no third", async () => {
    const federation = await federate({ size: 7, require: 4 });
    const { sites } = federation;
    const run = async (attempt: number, parties: readonly HonestSite[], lost: string[] = []) =>
      (await new Attempt(federation, attempt, parties).run(lost)).survivors.length;
    expect(await run(1, sites)).toBe(7);
    expect(await codeOf(() => run(2, sites, [sites[6].name]))).toBe("REVEAL_CONFLICT");
    expect(await run(3, sites.slice(0, 4))).toBe(4);
    expect(await codeOf(() => run(4, [sites[0], ...sites.slice(4)]))).toBe("REVEAL_CONFLICT");
    expect(await run(5, sites)).toBe(7);
  });

  it("writes the reveal down before it answers: what cannot be written is not sent", async () => {
    const federation = await federate();
    const [site] = federation.sites;
    const attempt = new Attempt(federation, 1);
    const request = await attempt.confirm();
    const append = site.store.record.bind(site.store);
    site.store.record = () => Promise.reject(new FedBapsError("DISK_FULL", "no room"));
    expect(await codeOf(() => attempt.ask(site, request))).toBe("DISK_FULL");
    expect(site.sent.filter(({ phase }) => phase === "unmask")).toEqual([]);
    site.store.record = append;
    expect((await attempt.ask(site, request)).phase).toBe("unmask");
    expect(site.store.records("revealed")).toHaveLength(1);
  });
});
