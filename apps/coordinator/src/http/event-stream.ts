import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Change } from "../live-feed.js";

/** Where the lines of a stream go. */
export interface EventSink {
  /** @returns how many bytes are waiting to be taken */
  write(text: string): number;
  end(): void;
}

export interface EventStreamInit {
  readonly clock: Clock;
  readonly sink: EventSink;
  /** Whether whoever listens still may. */
  readonly allowed: () => Promise<boolean>;
}

export const HEARTBEAT_MILLISECONDS = 15_000;
/** Of one subject, at most four events a second. */
const SPACING_MILLISECONDS = 250;
/** A listener that takes nothing is let go: it connects again and reads everything anew. */
const MAX_WAITING_BYTES = 256 * 1024;

/**
 * Changes as server-sent events, without the connection. Of several changes of one subject within a quarter of a second
 * the first and the last are sent; each says only that something changed, so none is missed.
 */
export class EventStream {
  readonly #init: EventStreamInit;
  readonly #sentAt = new Map<string, number>();
  readonly #due = new Map<string, () => void>();
  #stopHeartbeat = () => {};
  #open = true;

  constructor(init: EventStreamInit) {
    this.#init = init;
    this.#write("retry: 3000\n\n");
    if (this.#open) this.#stopHeartbeat = this.#beatLater();
  }

  push(change: Change): void {
    const subject = change.kind === "study" ? `study ${change.study}` : change.kind;
    if (!this.#open || this.#due.has(subject)) return;
    const wait =
      (this.#sentAt.get(subject) ?? Number.NEGATIVE_INFINITY) + SPACING_MILLISECONDS - this.#init.clock.now();
    if (wait <= 0) this.#send(subject, change);
    else this.#sendLater(subject, change, wait);
  }

  #sendLater(subject: string, change: Change, wait: number): void {
    this.#due.set(
      subject,
      this.#init.clock.after(wait, () => {
        this.#due.delete(subject);
        this.#send(subject, change);
      }),
    );
  }

  /** Nothing is sent after it, and nothing waits. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stopHeartbeat();
    for (const cancel of this.#due.values()) cancel();
    this.#due.clear();
    this.#init.sink.end();
  }

  #send(subject: string, change: Change): void {
    this.#sentAt.set(subject, this.#init.clock.now());
    this.#write(`event: change\ndata: ${JSON.stringify(change)}\n\n`);
  }

  #write(text: string): void {
    if (this.#open && this.#init.sink.write(text) > MAX_WAITING_BYTES) this.close();
  }

  #beatLater(): () => void {
    return this.#init.clock.after(HEARTBEAT_MILLISECONDS, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    // A database that is away for a moment ends the stream too: whoever listens comes back and shows its right anew.
    const allowed = await this.#init.allowed().catch(() => false);
    if (!this.#open) return;
    if (!allowed) {
      this.close();
      return;
    }
    this.#write(": still here\n\n");
    const old = this.#init.clock.now() - SPACING_MILLISECONDS;
    for (const [subject, at] of this.#sentAt) if (at < old) this.#sentAt.delete(subject);
    if (this.#open) this.#stopHeartbeat = this.#beatLater();
  }
}
