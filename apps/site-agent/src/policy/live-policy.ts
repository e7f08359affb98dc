import { stat } from "node:fs/promises";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import type { Home } from "../home.js";
import { type Policy, readPolicy } from "../policy.js";

/** The policy as it is now. */
export interface PolicySource {
  readonly rules: Policy;
  /** Whether the file as it is now cannot be read: the rules are those of before. */
  readonly faulty: boolean;
  /** Looks whether the file has changed. Never throws: with a faulty file the last good rules stay. */
  refresh(): Promise<void>;
}

/** A policy that does not change. */
export function fixedPolicy(rules: Policy): PolicySource {
  return { rules, faulty: false, refresh: async () => {} };
}

const LOOK_MS = 1000;

/**
 * A policy file that may be changed while a program runs. A change counts when two looks, a second apart, have found the
 * same file: half a file that an editor has written so far must not loosen a rule. A file that has a fault or is gone
 * loosens nothing either.
 */
export class LivePolicy implements PolicySource {
  #looked = Number.NEGATIVE_INFINITY;
  #candidate: string | undefined;
  #looking: Promise<void> | undefined;
  #faulty = false;

  private constructor(
    private readonly home: Home,
    private readonly clock: Clock,
    /** Told once of each change, in a line. */
    private readonly say: (line: string) => void,
    private current: Policy,
    private known: string,
  ) {}

  /** @throws UsageError for a faulty file: nothing begins with it. */
  static async open(home: Home, clock: Clock, say: (line: string) => void): Promise<LivePolicy> {
    const known = await fingerprint(home.policy);
    return new LivePolicy(home, clock, say, await readPolicy(home), known);
  }

  get rules(): Policy {
    return this.current;
  }

  get faulty(): boolean {
    return this.#faulty;
  }

  refresh(): Promise<void> {
    const now = this.clock.now();
    if (Math.abs(now - this.#looked) < LOOK_MS) return this.#looking ?? Promise.resolve();
    this.#looked = now;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const found = await fingerprint(this.home.policy);
    if (found === this.known) {
      this.#candidate = undefined;
      return;
    }
    if (found !== this.#candidate) {
      this.#candidate = found;
      return;
    }
    this.known = found;
    try {
      if (found === GONE) throw new Error(`${this.home.policy} is gone`);
      this.current = await readPolicy(this.home);
      this.#faulty = false;
      this.say("policy.yaml has changed: its new rules count from now on");
    } catch (error) {
      this.#faulty = true;
      this.say(`${messageOf(error)}; the rules of before stay until it is mended`);
    }
  }
}

const GONE = "gone";

async function fingerprint(file: string): Promise<string> {
  return stat(file).then(
    ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
    () => GONE,
  );
}
