import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf } from "@fedbaps/core/common/errors.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { codeSchema } from "@fedbaps/core/wire/primitives.js";
import type { Server } from "socket.io";
import { z } from "zod";
import { CoordinatorError } from "../errors.js";
import type { Change } from "../live-feed.js";

/** What one replica asks another: to take a site's message for a study that it drives, or how that study stands. */
export type Question =
  | { readonly kind: "message"; readonly site: string; readonly event: string; readonly message: unknown }
  | { readonly kind: "view"; readonly study: string };

/** What one replica tells all others. They act on what SQL says; this only saves them the wait. */
export type Note =
  | { readonly kind: "changed"; readonly change: Change }
  /** Studies, sites or approvals have changed: look again. */
  | { readonly kind: "reconcile" }
  /** The site was heard; it has connected, and wants to know what is asked of it. */
  | { readonly kind: "heard"; readonly site: string }
  | { readonly kind: "arrived"; readonly site: string }
  | { readonly kind: "expel"; readonly site: string; readonly code: string };

export interface ClusterHandlers {
  /** Answers a question of another replica; what it throws, the other throws with the same code. */
  ask(question: Question): Promise<unknown>;
  told(note: Note): void;
}

const siteKind = z.enum(["heard", "arrived"]);
const changeSchema = z.union([
  z.object({ kind: z.literal("study"), study: z.string() }),
  z.object({ kind: z.enum(["sites", "roster", "audit"]) }),
]);
const noteSchema = z.union([
  z.object({ kind: z.literal("changed"), change: changeSchema }),
  z.object({ kind: z.literal("reconcile") }),
  z.object({ kind: siteKind, site: z.string() }),
  z.object({ kind: z.literal("expel"), site: z.string(), code: codeSchema }),
]);
const questionSchema = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  question: z.union([
    z.object({ kind: z.literal("message"), site: z.string(), event: z.string(), message: z.unknown() }),
    z.object({ kind: z.literal("view"), study: z.string() }),
  ]),
});
const answerSchema = z.object({
  id: z.string(),
  to: z.string(),
  answer: z.union([z.object({ value: z.unknown() }), z.object({ code: codeSchema })]),
});

/** Messages between replicas can be lost with a connection to the database: who asks must be ready to ask again. */
const ANSWER_MILLISECONDS = 4000;
const MILLISECONDS_PER_BYTE = 1e-3;

/**
 * The link between the replicas of one coordinator, over the Socket.IO adapter. A single process is a cluster of one:
 * nobody is told anything.
 */
export class Cluster {
  readonly #waiting = new Map<string, { settle(answer: z.infer<typeof answerSchema>["answer"]): void }>();
  #handlers: ClusterHandlers | undefined;

  /** @param io undefined where there is only one process. */
  constructor(
    private readonly components: {
      readonly io: Server | undefined;
      readonly own: string;
      readonly clock: Clock;
      readonly random: RandomBytes;
    },
  ) {
    const { io } = components;
    io?.on("ask", (message: unknown) => void this.#asked(message));
    io?.on("answer", (message: unknown) => this.#answered(message));
    io?.on("note", (message: unknown) => {
      const note = noteSchema.safeParse(message);
      if (note.success) this.#handlers?.told(note.data as Note);
    });
  }

  /** Whether there may be other processes. */
  get shared(): boolean {
    return this.components.io !== undefined;
  }

  serve(handlers: ClusterHandlers): void {
    this.#handlers = handlers;
  }

  /** Tells all other replicas. */
  tell(note: Note): void {
    this.components.io?.serverSideEmit("note", note);
  }

  /** Sends to a site that is connected to another replica, if it is. */
  toSite(site: string, event: string, message: unknown): void {
    this.components.io?.to(roomOf(site)).emit(event, message);
  }

  /**
   * Asks another replica.
   * @param bytes about how large the question is. @throws CoordinatorError NOT_DRIVEN without an answer in time, or with
   * its code
   */
  ask(to: string, question: Question, bytes = 0): Promise<unknown> {
    const { io, own, clock, random } = this.components;
    const id = Buffer.from(random(12)).toString("hex");
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        cancel();
        this.#waiting.delete(id);
        act();
      };
      const cancel = clock.after(ANSWER_MILLISECONDS + bytes * MILLISECONDS_PER_BYTE, () =>
        finish(() => reject(new CoordinatorError("NOT_DRIVEN", `replica ${to} does not answer`))),
      );
      this.#waiting.set(id, {
        settle: (answer) =>
          finish(() => ("code" in answer ? reject(new RemoteError(answer.code)) : resolve(answer.value))),
      });
      io?.serverSideEmit("ask", { id, from: own, to, question });
    });
  }

  async #asked(message: unknown): Promise<void> {
    const { io, own } = this.components;
    const asked = questionSchema.safeParse(message);
    if (!asked.success || asked.data.to !== own || this.#handlers === undefined) return;
    const { id, from, question } = asked.data;
    const answer = await this.#handlers.ask(question as Question).then(
      (value) => ({ value: value ?? null }),
      (error: unknown) => ({ code: codeOf(error) }),
    );
    io?.serverSideEmit("answer", { id, to: from, answer });
  }

  #answered(message: unknown): void {
    const parsed = answerSchema.safeParse(message);
    if (parsed.success && parsed.data.to === this.components.own)
      this.#waiting.get(parsed.data.id)?.settle(parsed.data.answer);
  }
}

/** What another replica refused, by its code. */
export class RemoteError extends CoordinatorError {
  constructor(code: string) {
    super(code as CoordinatorError["code"], `another coordinator process refused: ${code}`);
  }
}

/** The room of a site's connection. */
export function roomOf(site: string): string {
  return `site/${site}`;
}
