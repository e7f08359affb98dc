import { PHASES } from "@fedbaps/core/federation/round-state.js";
import { UpdateError } from "@fedbaps/core/federation/update.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { advanceTo, answer, makeMember, makeReply, makeRound, siteNames, TrustingSum } from "./round-support.js";

const three = siteNames(3);
const five = siteNames(5);

describe("a round of three", () => {
  it("walks through every phase to the sum", async () => {
    const round = makeRound(3);
    for (const phase of PHASES) {
      expect(round.phase).toBe(phase);
      for (const site of three) expect(round.instructionFor(site)?.phase).toBe(phase);
      await answer(round, three.slice(0, 2), 5);
      expect(round.instructionFor("site-1")).toBeUndefined();
      expect(round.view()).toMatchObject({ phase, waitingFor: ["site-3"] });
      await answer(round, three.slice(2), 9);
    }
    expect(round.state).toMatchObject({ phase: "completed", survivors: three });
    expect(round.state.phase === "completed" && [...round.state.sum]).toEqual([3, 6, 9]);
    expect(round.finished).toBe(true);
    expect(round.dropOuts).toEqual([]);
    expect(round.instructionFor("site-1")).toBeUndefined();
    expect(round.view()).toMatchObject({ waitingFor: [], reason: null, deadline: null });
  });

  it("freezes the cohort, its threshold and its smallest sum when all have trained", async () => {
    const round = await advanceTo("advertiseKeys", five, makeRound(5, 4));
    expect(round.instructionFor("site-2")).toMatchObject({
      phase: "advertiseKeys",
      cohort: { threshold: 4, minSurvivors: 4, length: 3, members: five.map(makeMember) },
    });
  });

  it("names the version that training starts from", async () => {
    const round = await advanceTo("training", three, makeRound(3, "all", { version: 7 }));
    expect(round.instructionFor("site-1")).toMatchObject({ phase: "training", version: 7 });
  });
});

describe("recruiting", () => {
  it("waits for all, visibly and without end", async () => {
    const round = makeRound(3);
    await answer(round, three.slice(0, 2), 5);
    await round.tick(1e12);
    expect(round.view()).toMatchObject({
      phase: "recruiting",
      reason: "waiting-for-sites",
      waitingFor: ["site-3"],
      deadline: null,
      sites: [{ state: "ready" }, { state: "ready" }, { state: "missing" }],
    });
  });

  it("goes on with k of n once the others have been silent", async () => {
    const round = makeRound(5, 4);
    await answer(round, five.slice(0, 4), 5000);
    expect(round.deadline()).toBe(60_000);
    await round.tick(59_999);
    expect(round.phase).toBe("recruiting");
    await round.tick(60_000);
    expect(round.phase).toBe("training");
    expect(round.dropOuts).toEqual([{ site: "site-5", phase: "recruiting", code: "NOT_READY", at: 60_000 }]);
    await expect(round.receive("site-5", makeReply("recruiting", "site-5"), 61_000)).rejects.toMatchObject({
      code: "DROPPED",
    });
  });

  it("never goes on with fewer than k", async () => {
    const round = makeRound(5, 4);
    await answer(round, five.slice(0, 3), 0);
    await round.tick(1e9);
    expect(round.phase).toBe("recruiting");
    expect(round.deadline()).toBeNull();
  });

  it("takes in a site that is approved late, and says of others that they are not", async () => {
    const round = makeRound(3, "all", { members: three.slice(0, 2).map(makeMember) });
    expect(round.view().sites[2]).toMatchObject({ site: "site-3", state: "missing", reason: "NOT_APPROVED" });
    expect(round.instructionFor("site-3")).toBeUndefined();
    await answer(round, three.slice(0, 2), 0);
    await round.join(makeMember("site-3"), 5);
    expect(round.instructionFor("site-3")).toMatchObject({ phase: "recruiting" });
    await answer(round, ["site-3"], 6);
    expect(round.phase).toBe("training");
  });

  it("takes a failure for not ready yet", async () => {
    const round = makeRound(3);
    await answer(round, ["site-1"], 0);
    await round.siteFailed("site-1", "BLACKBOX_UNREACHABLE", 1);
    expect(round.view().sites[0]).toMatchObject({ state: "missing", reason: "BLACKBOX_UNREACHABLE" });
    await answer(round, three, 2);
    expect(round.phase).toBe("training");
  });

  it("does not begin before the pause between attempts is over", async () => {
    const round = makeRound(3, "all", { notBefore: 2000 });
    await answer(round, three, 5);
    expect(round.view()).toMatchObject({ phase: "recruiting", reason: "pause-before-retry", deadline: 2000 });
    await round.tick(2000);
    expect(round.phase).toBe("training");
  });

  it("forgets a site that leaves", async () => {
    const round = makeRound(3);
    await answer(round, three.slice(0, 2), 0);
    await round.leave("site-2", "APPROVAL_WITHDRAWN", 1);
    expect(round.view().waitingFor).toEqual(["site-2", "site-3"]);
  });
});

describe("silence", () => {
  it("is broken by progress", async () => {
    const round = await advanceTo("training", five, makeRound(5, 4));
    const progress = { reference: round.reference, stepsDone: 3, stepsPlanned: 8, queries: 40 };
    for (const site of five.slice(0, 4)) round.progress(site, progress, 50_000);
    expect(round.deadline()).toBe(60_000);
    await round.tick(60_000);
    expect(round.dropOuts).toEqual([{ site: "site-5", phase: "training", code: "SILENT", at: 60_000 }]);
    expect(round.view().sites[0]).toMatchObject({
      state: "working",
      stepsDone: 3,
      stepsPlanned: 8,
      lastMessage: 50_000,
    });
    expect(round.deadline()).toBe(110_000);
    await answer(round, five.slice(0, 4), 70_000);
    expect(round.phase).toBe("advertiseKeys");
  });

  it("of three in five while training aborts the round", async () => {
    const round = await advanceTo("training", five, makeRound(5, 4));
    await answer(round, five.slice(0, 2), 1000);
    await round.tick(60_000);
    expect(round.state).toMatchObject({ phase: "aborted", code: "TOO_FEW_SITES", during: "training" });
    expect(round.dropOuts.map((dropOut) => dropOut.site)).toEqual(["site-3", "site-4", "site-5"]);
  });

  const sumPhases = PHASES.slice(PHASES.indexOf("advertiseKeys"));
  it("of one in five is survived in every phase of the sum", async () => {
    for (const phase of sumPhases) {
      const round = await advanceTo(phase, five, makeRound(5, 4));
      const rest = five.slice(0, 4);
      await answer(round, rest, 1000);
      expect(round.phase).toBe(phase);
      await round.tick(60_000);
      while (!round.finished) await answer(round, rest, 61_000);
      const late = ["consistency", "unmask"].includes(phase);
      expect(round.state).toMatchObject({ phase: "completed", survivors: late ? five : rest });
      expect(round.dropOuts).toEqual([{ site: "site-5", phase, code: "SILENT", at: 60_000 }]);
    }
  });

  it("of one in three aborts the round in every phase of the sum", async () => {
    for (const phase of sumPhases) {
      const round = await advanceTo(phase, three);
      await answer(round, three.slice(0, 2), 1000);
      await round.tick(60_000);
      expect(round.state).toMatchObject({ phase: "aborted", code: "TOO_FEW_SITES", during: phase });
    }
  });
});

describe("failures", () => {
  it("drop a site at once", async () => {
    const round = await advanceTo("training", five, makeRound(5, 4));
    await round.siteFailed("site-1", "BUDGET_EXHAUSTED", 10);
    expect(round.view().sites[0]).toMatchObject({ state: "dropped", reason: "BUDGET_EXHAUSTED" });
    await round.siteFailed("site-2", "CLIENT_STATE_LOST", 11);
    expect(round.state).toMatchObject({ phase: "aborted", code: "TOO_FEW_SITES" });
  });

  it("after the last answer of a phase do no harm to the sum", async () => {
    const round = await advanceTo("unmask", three);
    await answer(round, ["site-1"], 1);
    await round.siteFailed("site-1", "CLIENT_STATE_LOST", 2);
    await answer(round, three.slice(1), 3);
    expect(round.phase).toBe("completed");
  });

  it("in the name of a phase's rules drop the sender, and the round goes on", async () => {
    const round = await advanceTo("maskedInput", five, makeRound(5, 4));
    await expect(round.receive("site-5", makeReply("maskedInput", "site-5", [666, 0, 0]), 1)).rejects.toMatchObject({
      code: "BAD_LENGTH",
    });
    await answer(round, five.slice(0, 4), 2);
    expect(round.state).toMatchObject({ phase: "consistency", survivors: five.slice(0, 4) });
    expect(round.dropOuts).toEqual([{ site: "site-5", phase: "maskedInput", code: "BAD_LENGTH", at: 1 }]);
  });

  it("drop who sends a vector of another length, or speaks for another site", async () => {
    const round = await advanceTo("maskedInput", five, makeRound(5, 4));
    await expect(round.receive("site-1", makeReply("maskedInput", "site-1", [1]), 1)).rejects.toMatchObject({
      code: "VECTOR_LENGTH",
    });
    const other = await advanceTo("advertiseKeys", five, makeRound(5, 4));
    await expect(other.receive("site-1", makeReply("advertiseKeys", "site-2"), 1)).rejects.toMatchObject({
      code: "WRONG_SENDER",
    });
    expect(other.dropOuts).toMatchObject([{ site: "site-1", code: "WRONG_SENDER" }]);
  });
});

describe("what the secure sum refuses", () => {
  it("aborts the round: a cohort that protects nobody", async () => {
    const round = makeRound(3, "all", { createServer: (cohort) => new SecAggServer({ cohort }) });
    await answer(round, three, 0);
    await answer(round, three, 1);
    expect(round.state).toMatchObject({ phase: "aborted", code: "BAD_COHORT", during: "training" });
    expect(round.deadline()).toBeNull();
  });

  it("aborts the round: a sum that cannot be right", async () => {
    const checkSum = (sum: Uint32Array, cohortSize: number, survivors: readonly string[]) => {
      expect([[...sum], cohortSize, survivors]).toEqual([[3, 6, 9], 3, three]);
      throw new UpdateError("IMPOSSIBLE_SUM", "garbage");
    };
    const round = await advanceTo("unmask", three, makeRound(3, "all", { checkSum }));
    await answer(round, three, 1);
    expect(round.state).toMatchObject({ phase: "aborted", code: "IMPOSSIBLE_SUM", during: "unmask" });
  });

  it("leaves no deadline where nobody owes an answer", async () => {
    const failing = (cohort: Cohort) => {
      const sum = new TrustingSum(cohort);
      sum.closeAdvertise = () => {
        throw new TypeError("unforeseen");
      };
      return sum;
    };
    const round = await advanceTo("advertiseKeys", three, makeRound(3, "all", { createServer: failing }));
    await expect(answer(round, three, 1)).rejects.toThrow("unforeseen");
    expect(round.deadline()).toBeNull();
  });
});

describe("repeats", () => {
  it("of an answer are taken quietly, in its phase and later", async () => {
    const round = makeRound(3);
    for (const phase of PHASES) {
      await answer(round, ["site-1", "site-1", "site-2"], 1);
      expect(round.phase).toBe(phase);
      await answer(round, ["site-3"], 1);
      await round.receive("site-1", makeReply(phase, "site-1"), 2);
    }
    expect(round.state.phase === "completed" && [...round.state.sum]).toEqual([3, 6, 9]);
  });

  it("with other contents are refused, and the first answer stands", async () => {
    const round = await advanceTo("maskedInput", three);
    await answer(round, ["site-1"], 1);
    await expect(round.receive("site-1", makeReply("maskedInput", "site-1", [9, 9, 9]), 2)).rejects.toMatchObject({
      code: "CONFLICT",
    });
    while (!round.finished) await answer(round, three, 3);
    expect(round.state.phase === "completed" && [...round.state.sum]).toEqual([3, 6, 9]);
  });
});

describe("illegal moves", () => {
  it("an answer to a phase that is over is stale", async () => {
    const round = makeRound(3, "all", { members: three.map(makeMember) });
    await advanceTo("advertiseKeys", three, round);
    round.abort("STUDY_PAUSED", 5);
    for (const phase of PHASES.slice(2))
      await expect(round.receive("site-1", makeReply(phase, "site-1"), 6)).rejects.toMatchObject({ code: "STALE" });
  });

  it("an answer to a phase that has not begun is too early", async () => {
    for (const phase of PHASES.slice(1))
      await expect(makeRound(3).receive("site-1", makeReply(phase, "site-1"), 1)).rejects.toMatchObject({
        code: "TOO_EARLY",
      });
  });

  it("an answer to another attempt, round or study does nothing", async () => {
    const cases = [
      [{ attempt: 1 }, "STALE"],
      [{ attempt: 3 }, "TOO_EARLY"],
      [{ round: 0 }, "STALE"],
      [{ round: 2, attempt: 1 }, "TOO_EARLY"],
      [{ study: "other" }, "NOT_IN_ROUND"],
    ] as const;
    for (const [change, code] of cases) {
      const round = makeRound(3);
      const reference = { ...round.reference, ...change };
      const reply = { phase: "recruiting", reference, ready: true } as const;
      await expect(round.receive("site-1", reply, 1)).rejects.toMatchObject({ code });
      expect(round.view().waitingFor).toEqual(three);
    }
  });

  it("a stranger is not in the round", async () => {
    const round = makeRound(3);
    await expect(round.receive("eve", makeReply("recruiting", "eve"), 1)).rejects.toMatchObject({
      code: "NOT_IN_ROUND",
    });
    expect(round.instructionFor("eve")).toBeUndefined();
  });

  it("a site that joins after recruiting waits for the next round", async () => {
    const round = await advanceTo("training", three);
    await round.join(makeMember("site-9"), 1);
    expect(round.instructionFor("site-9")).toBeUndefined();
  });

  it("a finished round stays as it is", async () => {
    const round = makeRound(3);
    round.abort("STUDY_PAUSED", 1);
    round.abort("OTHER", 2);
    await round.siteFailed("site-1", "X_FAILED", 3);
    await round.tick(1e9);
    expect(round.state).toEqual({ phase: "aborted", code: "STUDY_PAUSED", during: "recruiting" });
    expect(round.deadline()).toBeNull();
  });
});
