import { canonicalJson, sha256Hex } from "../common/hash.js";
import { SecAggError } from "./errors.js";

/**
 * One step of the protocol, done once: the same message again gets the same answer, as an agent that reconnects in
 * mid-round needs; another message is refused, because two answers together can betray what each alone hides.
 */
export class Step<Answer> {
  readonly #name: string;
  #digest: string | undefined;
  #answer: Answer | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get done(): boolean {
    return this.#digest !== undefined;
  }

  /**
   * @param digest of the message. @param compute is called the first time; where it throws, nothing is remembered.
   * @throws SecAggError CONFLICTING_REPEAT
   */
  once(digest: string, compute: () => Answer): Answer {
    if (this.#digest === undefined) {
      this.#answer = compute();
      this.#digest = digest;
    } else if (this.#digest !== digest)
      throw new SecAggError("CONFLICTING_REPEAT", `${this.#name} was asked for again with another message: refused`, {
        step: this.#name,
      });
    return this.#answer as Answer;
  }
}

/** SHA-256 over a message and, where it has one, a vector: tells a repeat from another message. */
export function digestOf(message: unknown, vector?: Uint32Array): string {
  const bytes = vector ? new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength) : new Uint8Array(0);
  return sha256Hex(canonicalJson(message), bytes);
}

/** The error for a step whose turn has not come. */
export function outOfOrder(step: string, before: string): SecAggError {
  return new SecAggError("WRONG_PHASE", `${step} comes after ${before}, which is not done yet`, { step });
}
