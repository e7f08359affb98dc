import type { Instruction } from "@fedbaps/core/wire/messages.js";
import { turn } from "../turns.js";
import type { Outbox } from "./components.js";

export type WaitReason = Extract<Instruction, { phase: "wait" }>["reason"];

/** The sites that have approved a study and are admitted. Nobody else is told anything of it. */
export class Audience {
  #sites = new Set<string>();

  constructor(
    private readonly outbox: Outbox,
    private readonly study: string,
  ) {}

  set(sites: readonly string[]): void {
    this.#sites = new Set(sites);
  }

  add(site: string): void {
    this.#sites.add(site);
  }

  remove(site: string): void {
    this.#sites.delete(site);
  }

  has(site: string): boolean {
    return this.#sites.has(site);
  }

  /** Tells a site what is asked of it. */
  tell(site: string, instruction: Instruction): void {
    if (this.has(site)) this.outbox.send(site, instruction);
  }

  /** Tells every site what is asked of it; one that nothing is asked of hears nothing. */
  async tellAll(instructionFor: (site: string) => Instruction | undefined): Promise<void> {
    for (const site of this.#sites) {
      await turn();
      const instruction = instructionFor(site);
      if (instruction !== undefined) this.outbox.send(site, instruction);
    }
  }

  /** Asks again what may not have arrived. */
  async remind(instructionFor: (site: string) => Instruction | undefined): Promise<void> {
    for (const site of this.#sites) {
      await turn();
      const instruction = instructionFor(site);
      if (instruction !== undefined) this.outbox.repeat(site, instruction);
    }
  }

  /** Tells a site, or all of them, that there is nothing to do, and why. */
  wait(reason: WaitReason, sites: Iterable<string> = this.#sites): void {
    for (const site of sites) this.tell(site, { phase: "wait", study: this.study, reason });
  }
}
