import { Backoff } from "@fedbaps/site-agent/backoff.js";
import { Outbox } from "@fedbaps/site-agent/outbox.js";
import { expect, it } from "@jest/globals";

/** A link that remembers what went over it and answers when the test says so. */
function link() {
  const sent: { event: string; message: unknown; settle: (answer: unknown) => void }[] = [];
  const transmit = (event: string, message: unknown, settle: (answer: unknown) => void) =>
    void sent.push({ event, message, settle });
  return { sent, transmit };
}

it("sends everything again on a new connection until it is acknowledged, in order", () => {
  const outbox = new Outbox();
  const answers: unknown[] = [];
  outbox.put("approvals", "approvals", 1);
  outbox.put("reply", "reply", 2, (answer) => answers.push(answer));
  const first = link();
  outbox.connected(first.transmit);
  expect(first.sent.map(({ message }) => message)).toEqual([1, 2]);
  first.sent[0].settle({ ok: true });
  outbox.disconnected();
  first.sent[1].settle(undefined);
  const second = link();
  outbox.connected(second.transmit);
  expect(second.sent.map(({ message }) => message)).toEqual([2]);
  second.sent[0].settle({ ok: true });
  second.sent[0].settle({ ok: true });
  expect(answers).toEqual([{ ok: true }]);
  expect(outbox.waiting).toEqual([]);
});

it("sends again when no answer comes in time, and stops at a refusal", () => {
  const outbox = new Outbox();
  const answers: unknown[] = [];
  const { sent, transmit } = link();
  outbox.connected(transmit);
  outbox.put("reply", "reply", 1, (answer) => answers.push(answer));
  sent[0].settle(undefined);
  expect(sent).toHaveLength(2);
  sent[1].settle({ ok: false, code: "NOT_ADMITTED" });
  expect(outbox.waiting).toEqual(["reply"]);
  outbox.connected(transmit);
  sent[2].settle({ ok: false, code: "STALE" });
  expect(answers).toEqual([{ ok: false, code: "STALE" }]);
  expect(sent).toHaveLength(3);
});

it("drops a message whose answer cannot be read, instead of sending it for ever", () => {
  const malformed: string[] = [];
  const outbox = new Outbox((event) => malformed.push(event));
  const answers: unknown[] = [];
  const { sent, transmit } = link();
  outbox.connected(transmit);
  outbox.put("reply", "reply", 1, (answer) => answers.push(answer));
  sent[0].settle({ ok: "yes" });
  expect(sent).toHaveLength(1);
  expect(outbox.waiting).toEqual([]);
  expect(malformed).toEqual(["reply"]);
  expect(answers).toEqual([{ ok: false, code: "BAD_ANSWER" }]);
});

it("puts a newer message in the place of an older one, whose answer then says nothing", () => {
  const outbox = new Outbox();
  const answers: unknown[] = [];
  const { sent, transmit } = link();
  outbox.connected(transmit);
  outbox.put("reply", "reply", "old", () => answers.push("old"));
  outbox.put("reply", "reply", "new", () => answers.push("new"));
  sent[0].settle({ ok: true });
  expect(outbox.waiting).toEqual(["reply"]);
  sent[1].settle({ ok: true });
  expect(answers).toEqual(["new"]);
});

it("waits longer and longer up to a limit, never in step with others", () => {
  let byte = 0;
  const backoff = new Backoff(() => new Uint8Array([byte]), 500, 30_000);
  expect(backoff.next()).toBe(250);
  byte = 255;
  expect([backoff.next(), backoff.next()]).toEqual([1000, 2000]);
  for (let i = 0; i < 100; i++) backoff.next();
  expect(backoff.next()).toBe(30_000);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});
