import { setTimeout as sleep } from "node:timers/promises";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { api, start } from "../integration/coordinator-support.js";
import type { Rule } from "../support/fault-proxy.js";
import { pingEvery } from "../support/quick-pings.js";
import { type Outcomes, SimulatedFederation, type StudyView } from "../support/simulated-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// The real agents and the real coordinator, in this process, over real sockets through a relay that spoils them.

removeTemporaryFolders();
pingEvery(300);

const SITES = ["aa", "bb", "cc"];
const PHASES = ["recruiting", "training", "advertiseKeys", "shareKeys", "maskedInput", "consistency", "unmask"];
const spec = { rounds: 2, personalShare: 0.5 } as const;

let coordinator: Coordinator;
let federation: SimulatedFederation;
let undisturbed: Outcomes;
let studies = 0;

const networks = () => federation.sites.map(({ network }) => network);

beforeAll(async () => {
  const folder = await temporaryFolder();
  coordinator = await start();
  const { url, fingerprint, newAdminToken = "" } = coordinator;
  const ask = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await api<T & { status?: unknown }>(url, newAdminToken, method, path, body);
    return typeof answer.status === "number" ? undefined : answer;
  };
  federation = await SimulatedFederation.start(folder, SITES, { url, fingerprint, ask });
  ({ outcomes: undisturbed } = await study());
});
afterEach(() => {
  for (const network of networks()) network.heal();
});
afterAll(async () => {
  await federation.close();
  await coordinator.close();
});

/** A whole study, during which something happens. */
async function study(
  disturb?: (name: string) => Promise<unknown>,
  more: object = {},
): Promise<{ view: StudyView; outcomes: Outcomes }> {
  const name = `study-${++studies}`;
  await federation.create(name, { ...spec, ...more });
  const disturbing = disturb?.(name);
  await federation.serve();
  await disturbing;
  return federation.finish(name, 40);
}

/** Both rounds, each with all sites, at the first attempt. */
function expectNoRetry({ rounds }: StudyView): void {
  expect(rounds.map(({ round, attempt, phase, survivors }) => [round, attempt, phase, survivors])).toEqual([
    [1, 1, "completed", SITES],
    [2, 1, "completed", SITES],
  ]);
}

const spoken = (phase: string): Omit<Rule, "act"> => ({
  direction: "toServer",
  holds: ['"reply"', `"phase":"${phase}"`],
});
const asked = (phase: string): Omit<Rule, "act"> => ({
  direction: "toClient",
  holds: ['"instruction"', `"phase":"${phase}"`],
});

describe("a link that is cut", () => {
  it.each([
    { at: "before an instruction arrives", rule: asked, act: "cut-before" },
    { at: "after an instruction arrived", rule: asked, act: "cut-after" },
    { at: "before an answer arrives", rule: spoken, act: "cut-before" },
    { at: "after an answer arrived", rule: spoken, act: "cut-after" },
    { at: "before an answer's acknowledgement arrives, so that it is sent twice", rule: spoken, act: "lose-answer" },
  ] as const)("$at, in every phase and at every site, costs nothing", async ({ rule, act }) => {
    const cuts = networks().flatMap((network) => PHASES.map((phase) => network.once({ ...rule(phase), act })));
    const { view, outcomes } = await study();
    await Promise.all(cuts);
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
  });

  it("whenever anything else is said, loses nothing", async () => {
    const events = [
      { direction: "toServer", names: ["auth", "approvals", "history"] },
      { direction: "toClient", names: ["challenge", "admitted", "roster", "studies"] },
    ] as const;
    for (const network of networks()) {
      for (const { direction, names } of events)
        for (const name of names) void network.once({ direction, holds: [`["${name}"`], act: "cut-before" });
      for (const name of ["approvals", "history", "report"])
        void network.once({ direction: "toServer", holds: [`["${name}"`], act: "lose-answer" });
    }
    const { view, outcomes } = await study();
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
    expect(view.sites.map(({ site, reported }) => [site, reported])).toEqual(SITES.map((site) => [site, true]));
  });
});

describe("a report whose acknowledgement is lost", () => {
  it("has been made, though the study is over before it can be sent again", async () => {
    const report = { direction: "toServer", holds: ['["report"'] } as const;
    // The next link brings that the study is over, and lets no second report through until its silence is noticed.
    const lost = networks().map((network) =>
      network
        .once({ ...report, act: "lose-answer" })
        .then(() => network.once({ ...report, act: "swallow", lost: ["toServer"] })),
    );
    const { view, outcomes } = await study();
    await Promise.all(lost);
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
  });
});

describe("a half-open link", () => {
  it.each([
    { phase: "training", lost: ["toServer", "toClient"] },
    { phase: "shareKeys", lost: ["toServer"] },
    { phase: "maskedInput", lost: ["toClient"] },
    { phase: "unmask", lost: ["toServer", "toClient"] },
  ] as const)("in $phase ($lost lost) is noticed by its pings, and the study goes on", async ({ phase, lost }) => {
    const { view, outcomes } = await study(async () => {
      const [first] = networks();
      await first.once({ ...spoken(phase), act: "swallow", lost });
    });
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
  });
});

describe("a link that goes silent before the site is admitted", () => {
  it.each([
    { at: "the namespace", direction: "toClient", holds: ['40{"sid"'] },
    { at: "the challenge", direction: "toClient", holds: ['["challenge"'] },
    { at: "the answer to it", direction: "toServer", holds: ['["auth"'] },
    { at: "the admission", direction: "toClient", holds: ['["admitted"'] },
  ] as const)("at $at is given up, and another one is made", async ({ direction, holds }) => {
    const silent = networks().map((network) => network.once({ direction, holds, act: "swallow" }));
    const { view, outcomes } = await study();
    await Promise.all(silent);
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
  });
});

describe("a slow network", () => {
  it("delays and narrows everything, and changes nothing", async () => {
    for (const network of networks()) network.slow({ delay: 60, rate: 60_000 });
    const { view, outcomes } = await study();
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
  });
});

describe("silence", () => {
  it("shorter than the study allows is waited out", async () => {
    const { view, outcomes } = await study(
      async (name) => {
        const [first] = networks();
        await first.once({ ...spoken("maskedInput"), act: "cut-before" });
        first.refuse();
        await sleep(1000);
        expect((await federation.study(name))?.round).toMatchObject({
          phase: "maskedInput",
          reference: { attempt: 1 },
        });
        first.refuse(false);
      },
      { silenceSeconds: 3 },
    );
    expectNoRetry(view);
    expect(outcomes).toEqual(undisturbed);
  });

  it("longer than that ends the attempt, and the round is made again without a new query", async () => {
    const { view, outcomes } = await study(
      async (name) => {
        const [first] = networks();
        await first.once({ ...spoken("maskedInput"), act: "cut-before" });
        first.refuse();
        await federation.until(name, "aborted", ({ rounds }) => rounds.some(({ code }) => code === "TOO_FEW_SITES"));
        first.refuse(false);
      },
      { silenceSeconds: 1 },
    );
    expect(view.rounds[0]).toMatchObject({ phase: "aborted", dropOuts: [{ site: "aa", code: "SILENT" }] });
    expect(view.rounds.filter(({ phase }) => phase === "completed").map(({ round }) => round)).toEqual([1, 2]);
    expect(outcomes).toEqual(undisturbed);
  });
});
