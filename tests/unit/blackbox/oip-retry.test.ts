import { connectionFailure, oneLine, statusFailure } from "@fedbaps/core/blackbox/oip/failures.js";
import { backOff, parseRetryAfter, pause, TransientFailure, withRetries } from "@fedbaps/core/blackbox/oip/retry.js";
import { Turns } from "@fedbaps/core/blackbox/oip/turns.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { describe, expect, it } from "@jest/globals";
import { thrownBy } from "../../support/codes.js";
import { HurriedClock, SteppedClock } from "../../support/waiting-clocks.js";

const STEPS = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];

describe("the wait before the next attempt", () => {
  it("is within the upper half of a step that doubles up to 30 s", () => {
    const stream = new RandomStream(1, "test-jitter");
    for (const [failure, step] of STEPS.entries()) {
      for (let i = 0; i < 200; i++) {
        const wait = backOff(failure, () => stream.uniform());
        expect(wait).toBeGreaterThanOrEqual(step / 2);
        expect(wait).toBeLessThan(step);
      }
      expect(backOff(failure, () => 0)).toBe(step / 2);
      expect(backOff(failure, () => 0.5)).toBe(0.75 * step);
    }
    expect(backOff(2000, () => 0)).toBe(15_000);
  });

  it.each([
    ["0", 0],
    ["7", 7000],
    [" 120 ", 120_000],
    ["Thu, 01 Jan 1970 00:01:30 GMT", 30_000],
    ["Thursday, 01-Jan-70 00:02:00 GMT", 60_000],
    ["Thu, 01 Jan 1970 00:00:10 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("a server's wish of %j is read as %j ms at minute one", (header, expected) => {
    expect(parseRetryAfter(header, 60_000)).toBe(expected);
  });
});

function failing(times: number, retryAfterMs?: number) {
  const state = { attempts: 0 };
  const attempt = async () => {
    if (++state.attempts <= times) throw new TransientFailure(`failure ${state.attempts}`, retryAfterMs);
    return "answer";
  };
  return { state, attempt };
}

describe("asking again", () => {
  it("waits longer each time and ends with the answer", async () => {
    const clock = new HurriedClock();
    const { state, attempt } = failing(5);
    const rule = { retries: 5, clock, random: () => 0.5 };
    expect(await withRetries(attempt, rule, "GET x")).toBe("answer");
    expect(state.attempts).toBe(6);
    expect(clock.waits).toEqual([187.5, 375, 750, 1500, 3000]);
  });

  it("ends after as many times as the rule says, with attempts, place and last cause", async () => {
    const clock = new HurriedClock();
    const { state, attempt } = failing(9);
    const error = await thrownBy(() => withRetries(attempt, { retries: 2, clock, random: () => 0 }, "GET x"));
    expect(error).toMatchObject({ code: "BLACKBOX_UNREACHABLE", fields: { attempts: 3 } });
    for (const part of ["GET x", "3 attempts", "failure 3"]) expect((error as Error).message).toContain(part);
    expect([state.attempts, clock.waits]).toEqual([3, [125, 250]]);
  });

  it("leaves anything else as it is", async () => {
    const clock = new HurriedClock();
    const failure = new Error("broken");
    const attempt = () => Promise.reject(failure);
    expect(await thrownBy(() => withRetries(attempt, { retries: 5, clock, random: () => 0 }, "x"))).toBe(failure);
    expect(clock.waits).toEqual([]);
  });

  it("never comes earlier than the server asked, and gives up at once where that is too long", async () => {
    const clock = new HurriedClock();
    const random = () => 0.5;
    await withRetries(failing(2, 2500).attempt, { retries: 2, clock, random }, "x");
    await withRetries(failing(1, 0).attempt, { retries: 2, clock, random }, "x");
    await withRetries(failing(1, 300_000).attempt, { retries: 2, clock, random }, "x");
    expect(clock.waits).toEqual([2500, 2500, 187.5, 300_000]);
    const patient = failing(1, 300_001);
    const error = await thrownBy(() => withRetries(patient.attempt, { retries: 2, clock, random }, "x"));
    expect(error).toMatchObject({ code: "BLACKBOX_UNREACHABLE", message: expect.stringContaining("301 s") });
    expect([patient.state.attempts, clock.waits.length]).toEqual([1, 4]);
  });
});

describe("a wait", () => {
  it("ends when the clock says so and leaves nothing behind", async () => {
    const clock = new SteppedClock();
    const controller = new AbortController();
    const waiting = pause(1000, clock, controller.signal);
    clock.advance(999);
    expect(clock.pending).toEqual([1]);
    clock.advance(1);
    await waiting;
    expect(clock.pending).toEqual([]);
    controller.abort();
  });

  it("is cut short by the signal, with its reason", async () => {
    const clock = new SteppedClock();
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = thrownBy(() => pause(1000, clock, controller.signal));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    expect(clock.pending).toEqual([]);
    expect(await thrownBy(() => pause(1000, clock, controller.signal))).toBe(reason);
    expect(clock.pending).toEqual([]);
  });
});

describe("turns", () => {
  it("are given in order, to no more than there are; who leaves the queue takes none", async () => {
    const turns = new Turns(2);
    const order: string[] = [];
    const first = await turns.take();
    const second = await turns.take();
    const controller = new AbortController();
    const queue = async (name: string) => {
      const done = await turns.take();
      order.push(name);
      return done;
    };
    const third = queue("third");
    const leaving = thrownBy(() => turns.take(controller.signal));
    const fifth = queue("fifth");
    controller.abort("no more");
    expect(await leaving).toBe("no more");
    expect(order).toEqual([]);
    second();
    (await third)();
    (await fifth)();
    first();
    expect(order).toEqual(["third", "fifth"]);
    // Both are free again.
    await turns.take();
    await turns.take();
    expect(await thrownBy(() => turns.take(AbortSignal.abort("late")))).toBe("late");
  });
});

const withCode = (code: string, message = "it broke") => Object.assign(new Error(message), { code });

describe("what an error of the connection means", () => {
  it.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "EPIPE",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
    "UND_ERR_SOCKET",
    "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  ])("%s may pass", (code) => {
    const failure = connectionFailure(withCode(code), "GET x");
    expect(failure).toBeInstanceOf(TransientFailure);
    expect(failure.message).toContain(code);
    const several = Object.assign(new AggregateError([withCode(code), withCode(code)]), {});
    expect(connectionFailure(several, "GET x")).toBeInstanceOf(TransientFailure);
  });

  it.each([
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "BLACKBOX_REFUSED", "NODE_EXTRA_CA_CERTS"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "BLACKBOX_REFUSED", "NODE_EXTRA_CA_CERTS"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "BLACKBOX_REFUSED", "NODE_EXTRA_CA_CERTS"],
    ["CERT_HAS_EXPIRED", "BLACKBOX_REFUSED", "CERT_HAS_EXPIRED"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "BLACKBOX_REFUSED", "another host name"],
    ["ENOTFOUND", "BLACKBOX_UNREACHABLE", "no such host"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "BLACKBOX_UNREACHABLE", "it broke"],
    ["UND_ERR_RES_EXCEEDED_MAX_SIZE", "BLACKBOX_CONTRACT", "larger"],
    ["UND_ERR_HEADERS_OVERFLOW", "BLACKBOX_CONTRACT", "not HTTP"],
  ])("%s is the end: %s", (code, expected, part) => {
    expect(connectionFailure(withCode(code), "GET x")).toMatchObject({
      code: expected,
      message: expect.stringMatching(new RegExp(`GET x.*${part}`)),
    });
  });
});

describe("what a status means", () => {
  const refusal = { text: "why", retryAfter: undefined, location: undefined, tokenSent: false };

  it.each([429, 502, 503, 504])("%i may pass", (status) => {
    const failure = statusFailure({ ...refusal, status, retryAfter: "3" }, "GET x", 0);
    expect(failure).toMatchObject({ name: "TransientFailure", retryAfterMs: 3000 });
  });

  it.each([
    [400, "BLACKBOX_REFUSED"],
    [401, "BLACKBOX_REFUSED"],
    [403, "BLACKBOX_REFUSED"],
    [404, "BLACKBOX_REFUSED"],
    [409, "BLACKBOX_REFUSED"],
    [413, "BLACKBOX_REFUSED"],
    [301, "BLACKBOX_REFUSED"],
    [308, "BLACKBOX_REFUSED"],
    [500, "BLACKBOX_FAILED"],
    [501, "BLACKBOX_FAILED"],
    [505, "BLACKBOX_FAILED"],
    [204, "BLACKBOX_CONTRACT"],
  ])("%i is the end: %s", (status, code) => {
    const failure = statusFailure({ ...refusal, status }, "GET x", 0);
    expect(failure).toMatchObject({ code, fields: { status } });
    expect(failure.message).toContain(String(status));
  });
});

describe("a server's words", () => {
  it("become one line of 200 characters at most that steers nothing and tells no secret", () => {
    expect(oneLine("a\r\n\u001b[31mb\u0000\u2028\u202ec\t d ")).toBe("a [31mb c d");
    expect(oneLine("x".repeat(201))).toHaveLength(200);
    expect(oneLine("x".repeat(200))).toBe("x".repeat(200));
    expect(oneLine("bad token tok.en+1, tok.en+1!", "tok.en+1")).toBe("bad token ***, ***!");
    // Cut first, a piece of it would stay.
    expect(oneLine(`${"x".repeat(190)}secret-token`, "secret-token")).not.toContain("secret");
  });
});
