import { join } from "node:path";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { z } from "zod";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";

const FORMAT = "fedbaps-sent/1";
const WRITE_MS = 1000;
const NAME = /^[a-z0-9-]{1,64}$/;
const count = z.number().int().min(0);

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  kinds: z.record(z.string(), z.strictObject({ messages: count, bytes: count })),
});

/** How much of one kind of message has been sent: of the message itself, without frames and encryption on the way. */
export interface Sent {
  readonly messages: number;
  readonly bytes: number;
}

/** By kind: `reply/maskedInput`, `progress`, `report`, ... Messages that were sent again count again. */
export type SentByKind = Readonly<Record<string, Sent>>;

const fileOf = (home: Home, study: string) => join(home.study(study), "sent.json");

/** What has been sent of a study; undefined where nothing was counted. */
export async function readSent(home: Home, study: string): Promise<SentByKind | undefined> {
  return (await readJson(fileOf(home, study), fileSchema))?.kinds;
}

/**
 * Counts what leaves for the coordinator, by study and kind, and writes it into each study's folder at most once a second:
 * a crash loses the last second. It keeps no message, and never fails: the counts are for the site's own report.
 */
export class SentCounts {
  readonly #studies = new Map<string, Map<string, Sent>>();
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();
  #scheduled = () => {};
  #waiting = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(private readonly init: { readonly home: Home; readonly clock: Clock }) {}

  /** A message has been handed to the link. What belongs to no study is not counted. */
  note(event: string, message: unknown): void {
    const study = studyOf(message);
    if (study === undefined) return;
    const kinds = this.#studies.get(study) ?? new Map<string, Sent>();
    this.#studies.set(study, kinds);
    const kind = kindOf(event, message);
    const { messages, bytes } = kinds.get(kind) ?? { messages: 0, bytes: 0 };
    kinds.set(kind, { messages: messages + 1, bytes: bytes + messageBytes(event, message) });
    this.#changed.add(study);
    if (this.#waiting) return;
    this.#waiting = true;
    this.#scheduled = this.init.clock.after(WRITE_MS, () => void this.flush());
  }

  /** Writes what was counted so far. */
  flush(): Promise<void> {
    this.#waiting = false;
    this.#scheduled();
    this.#queue = this.#queue.then(async () => {
      const changed = [...this.#changed];
      this.#changed.clear();
      for (const study of changed) await this.#write(study).catch(() => {});
    });
    return this.#queue;
  }

  async #write(study: string): Promise<void> {
    const { home } = this.init;
    const kinds = this.#studies.get(study) ?? new Map<string, Sent>();
    if (!this.#known.has(study)) {
      // Counts that cannot be read are begun anew.
      const before = (await readSent(home, study).catch(() => undefined)) ?? {};
      for (const [kind, { messages, bytes }] of Object.entries(before)) {
        const now = kinds.get(kind) ?? { messages: 0, bytes: 0 };
        kinds.set(kind, { messages: now.messages + messages, bytes: now.bytes + bytes });
      }
      this.#known.add(study);
    }
    await writeJson(fileOf(home, study), { format: FORMAT, kinds: Object.fromEntries(kinds) }, 0o600);
  }
}

function studyOf(message: unknown): string | undefined {
  const { study, reference } = (message ?? {}) as { study?: unknown; reference?: { study?: unknown } };
  const name = study ?? reference?.study;
  return typeof name === "string" && NAME.test(name) ? name : undefined;
}

function kindOf(event: string, message: unknown): string {
  const { phase } = message as { phase?: unknown };
  return typeof phase === "string" ? `${event}/${phase}` : event;
}

/** Bytes of an event as Socket.IO writes it: JSON in which binary parts are placeholders, and those parts. */
export function messageBytes(event: string, message: unknown): number {
  let binary = 0;
  let parts = 0;
  const text = JSON.stringify([event, message], function (this: Record<string, unknown>, key, value: unknown) {
    // Of a Buffer, `value` is what its own toJSON made.
    const original = this[key];
    if (!(original instanceof Uint8Array)) return value;
    binary += original.byteLength;
    return { _placeholder: true, num: parts++ };
  });
  return Buffer.byteLength(text) + binary;
}
