import { type Acknowledgement, acknowledgementSchema } from "@fedbaps/core/wire/messages.js";

/** Hands one message to the link; `settled` is called with the answer, or with undefined when none came. */
export type Transmit = (event: string, message: unknown, settled: (answer: unknown) => void) => void;

interface Pending {
  readonly event: string;
  readonly message: unknown;
  readonly done: ((answer: Acknowledgement) => void) | undefined;
}

/** Answers after which the same message has to be sent again on the next admitted connection. */
const AGAIN = new Set(["NOT_ADMITTED"]);

/** What an answer that cannot be read counts as. */
const UNREADABLE: Acknowledgement = { ok: false, code: "BAD_ANSWER" };

/**
 * Messages on their way: each is kept until the coordinator has acknowledged it, and sent again on every new connection.
 * A newer message under the same key takes the place of the older.
 */
export class Outbox {
  /** @param malformed is told the event whose answer says nothing. */
  constructor(private readonly malformed: (event: string) => void = () => {}) {}

  readonly #pending = new Map<string, Pending>();
  #transmit: Transmit | undefined;

  /** Keys of what is not acknowledged yet. */
  get waiting(): string[] {
    return [...this.#pending.keys()];
  }

  /** @param done is called once, with the coordinator's answer; never for a message that was replaced. */
  put(key: string, event: string, message: unknown, done?: (answer: Acknowledgement) => void): void {
    const entry = { event, message, done };
    this.#pending.delete(key);
    this.#pending.set(key, entry);
    this.#send(key, entry);
  }

  /** The link is up: everything outstanding goes out, in order. */
  connected(transmit: Transmit): void {
    this.#transmit = transmit;
    for (const [key, entry] of [...this.#pending]) this.#send(key, entry);
  }

  /** The link is down: messages wait. */
  disconnected(): void {
    this.#transmit = undefined;
  }

  #send(key: string, entry: Pending): void {
    const transmit = this.#transmit;
    transmit?.(entry.event, entry.message, (answer) => {
      if (this.#pending.get(key) !== entry) return;
      if (answer === undefined) {
        // No answer in time on a link that is still up: once more.
        if (this.#transmit === transmit) this.#send(key, entry);
        return;
      }
      const parsed = acknowledgementSchema.safeParse(answer);
      // The same message would get the same answer, at once and for ever.
      if (!parsed.success) this.malformed(entry.event);
      const acknowledgement = parsed.data ?? UNREADABLE;
      if (!acknowledgement.ok && AGAIN.has(acknowledgement.code)) return;
      this.#pending.delete(key);
      entry.done?.(acknowledgement);
    });
  }
}
