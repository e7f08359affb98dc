import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { type Identity, type RandomBytes, sign } from "@fedbaps/core/secagg/keys.js";
import {
  type Acknowledgement,
  type Auth,
  challengeSchema,
  type HistoryPage,
  type HistoryRequest,
  historyPageSchema,
  type Instruction,
  instructionSchema,
  type StudyOffer,
} from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { authTranscript } from "@fedbaps/core/wire/transcripts.js";
import { io, type Socket } from "socket.io-client";
import { z } from "zod";
import { Backoff } from "./backoff.js";
import { type Route, socketRoute } from "./coordinator-route.js";
import { AgentError } from "./errors.js";
import { describeFailure } from "./link-failure.js";
import type { Membership } from "./membership.js";
import { type NetworkChange, watchNetwork } from "./network-watch.js";
import { honestOffers, offersSchema } from "./offers.js";
import { Outbox } from "./outbox.js";
import { otherProtocol, protocolCode } from "./protocol-version.js";
import type { SentCounts } from "./sent-counts.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Another process has this site's key and is connected: pushing it aside at once would make the two take turns. */
const REPLACED_WAIT_MS = 15_000;
const ANSWER_MS = 60_000;
/** A link on which nobody says within this time that the site is admitted is no link. */
const ADMISSION_MS = 30_000;

export type LinkState = "connecting" | "admitted" | "lost";

/** What the link tells the agent. Every message has been parsed. */
export interface LinkHandlers {
  studies(offers: StudyOffer[]): void;
  roster(roster: SignedRoster | null): void;
  instruction(instruction: Instruction): void;
  /** `code`: why a connection was refused or could not be made. */
  state(state: LinkState, code?: string): void;
}

export interface ConnectionComponents {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** The proxy and the authorities; straight, and those that Node knows, without it. */
  readonly route?: Route | undefined;
  /** Told of every message that leaves. */
  readonly sent?: Pick<SentCounts, "note"> | undefined;
  /** In the place of this machine's network, to hear of sleep and of addresses that come and go. */
  readonly watch?: typeof watchNetwork;
}

const refusedSchema = z.object({ code: z.string().max(64) });
const refusedHistorySchema = z.object({ ok: z.literal(false), code: z.string().max(64) });

/** The one outbound WebSocket to the coordinator: it proves who the site is, comes back by itself, and loses nothing. */
export class Connection {
  readonly #socket: Socket;
  readonly #outbox = new Outbox((event) => this.#malformed(`answer-to-${event}`));
  readonly #backoff: Backoff;
  readonly #admissions = new Set<() => void>();
  #admitted = false;
  #stopped = false;
  #wait = 0;
  #cancelRetry = () => {};
  #cancelAdmission = () => {};
  #stopWatch = () => {};
  /** The status with which the proxy refused the tunnel that is being tried. */
  #refusedWith: number | undefined;

  constructor(
    private readonly components: ConnectionComponents,
    private readonly handlers: LinkHandlers,
  ) {
    const { origin, pathname } = new URL(components.membership.url);
    this.#backoff = new Backoff(components.random, FIRST_WAIT_MS, LONGEST_WAIT_MS);
    this.#socket = io(origin, {
      path: `${pathname.replace(/\/$/, "")}/socket.io`,
      transports: ["websocket"],
      // Its own back-off knows nothing of refusals: ours decides.
      reconnection: false,
      autoConnect: false,
      forceNew: true,
      ...socketRoute(components.route ?? {}, (status) => {
        this.#refusedWith = status;
      }),
    });
    this.#listen();
  }

  start(): void {
    const { clock, watch = watchNetwork } = this.components;
    this.handlers.state("connecting");
    this.#stopWatch = watch(clock, (change) => this.#networkChanged(change));
    this.#socket.connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#stopWatch();
    this.#cancelRetry();
    this.#cancelAdmission();
    this.#outbox.disconnected();
    this.#socket.disconnect();
  }

  /** Sends a message, again and again until it is acknowledged; a newer one under `key` takes its place. */
  send(key: string, event: string, message: unknown, done?: (answer: Acknowledgement) => void): void {
    this.#outbox.put(key, event, message, done);
  }

  /** What the coordinator has not acknowledged yet. */
  get waiting(): string[] {
    return this.#outbox.waiting;
  }

  /** Asks for the sums of completed rounds, through any number of reconnects. @throws AgentError BAD_HISTORY */
  async history(request: HistoryRequest, signal: AbortSignal): Promise<HistoryPage> {
    for (;;) {
      await this.#untilAdmitted(signal);
      let answer: unknown;
      this.components.sent?.note("history", request);
      try {
        answer = await this.#socket.timeout(ANSWER_MS).emitWithAck("history", request);
      } catch {
        await this.#pause(FIRST_WAIT_MS, signal);
        continue;
      }
      const page = historyPageSchema.safeParse(answer);
      if (page.success) return page.data;
      const refused = refusedHistorySchema.safeParse(answer);
      if (!refused.success || refused.data.code !== "NOT_ADMITTED")
        throw new AgentError(
          "BAD_HISTORY",
          `the coordinator does not give the past rounds of ${request.study} (${refused.success ? refused.data.code : "malformed answer"})`,
        );
      await this.#pause(FIRST_WAIT_MS, signal);
    }
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#cancelAdmission();
      this.#cancelAdmission = this.components.clock.after(ADMISSION_MS, () => {
        if (!this.#admitted) socket.disconnect();
      });
    });
    socket.on("challenge", (message: unknown) => this.#authenticate(message));
    socket.on("admitted", () => this.#admit());
    socket.on("refused", (message: unknown) => {
      const { code } = refusedSchema.catch({ code: "UNKNOWN" }).parse(message);
      this.components.logger.warn("refused", { code });
      if (code === "REPLACED") this.#wait = REPLACED_WAIT_MS;
      this.handlers.state("lost", code);
    });
    socket.on("studies", (message: unknown) => {
      const offers = offersSchema.safeParse(message);
      if (offers.success) this.handlers.studies(honestOffers(offers.data));
      else this.#malformed("studies");
    });
    socket.on("roster", (message: unknown) => {
      const roster = signedRosterSchema.nullable().safeParse(message);
      if (roster.success) this.handlers.roster(roster.data);
      else this.#malformed("roster");
    });
    socket.on("instruction", (message: unknown) => {
      const instruction = instructionSchema.safeParse(message);
      if (instruction.success) this.handlers.instruction(instruction.data);
      else this.#malformed("instruction");
    });
    socket.on("connect_error", (error) => {
      const proxied = this.components.route?.proxy && { refusedWith: this.#refusedWith };
      this.#refusedWith = undefined;
      this.#lost(describeFailure(error, proxied).code);
    });
    socket.on("disconnect", () => this.#lost());
  }

  #authenticate(message: unknown): void {
    const challenge = challengeSchema.safeParse(message);
    const { identity, membership } = this.components;
    const theirs = otherProtocol(message);
    if (theirs !== undefined) {
      this.#giveUp(protocolCode(theirs));
      return;
    }
    const known = challenge.success && challenge.data.coordinator === membership.publicKey;
    // Another key is another coordinator, whatever the address says; it gets no signature.
    if (!known) {
      this.#giveUp(challenge.success ? "COORDINATOR_KEY" : "PROTOCOL");
      return;
    }
    const signature = sign(authTranscript(challenge.data, identity.site), identity.sign.secretKey);
    const auth: Auth = { protocol: PROTOCOL_VERSION, site: identity.site, signature };
    // A refusal comes as its own event.
    this.#socket.emit("auth", auth, () => {});
  }

  #admit(): void {
    this.#admitted = true;
    this.#cancelAdmission();
    this.#backoff.reset();
    this.components.logger.info("admitted");
    this.handlers.state("admitted");
    this.#outbox.connected((event, message, settled) => {
      this.components.sent?.note(event, message);
      this.#socket.timeout(ANSWER_MS).emit(event, message, (error: Error | null, answer: unknown) => {
        settled(error ? undefined : answer);
      });
    });
    for (const wake of this.#admissions) wake();
  }

  #giveUp(code: string): void {
    this.components.logger.error("refused", { code });
    this.handlers.state("lost", code);
    this.#socket.disconnect();
  }

  #lost(code?: string): void {
    this.#admitted = false;
    this.#cancelAdmission();
    this.#outbox.disconnected();
    if (this.#stopped) return;
    this.components.logger.info("link-lost", { code });
    this.handlers.state("lost", code);
    const wait = Math.max(this.#backoff.next(), this.#wait);
    this.#wait = 0;
    this.#retryAfter(wait);
  }

  #retryAfter(milliseconds: number): void {
    this.#cancelRetry();
    this.#cancelRetry = this.components.clock.after(milliseconds, () => {
      if (!this.#stopped) this.#socket.connect();
    });
  }

  /** A link that may be dead is not waited out, nor is a pause from before the change. What was not answered is sent again. */
  #networkChanged(change: NetworkChange): void {
    const { connected } = this.#socket;
    if (this.#stopped || (connected && change === "address-new")) return;
    this.components.logger.info("network-changed", { code: change });
    this.#backoff.reset();
    this.#socket.disconnect();
    // Of a link that was not up yet, nobody hears that it ended.
    if (!connected) this.#retryAfter(this.#backoff.next());
  }

  #malformed(phase: string): void {
    this.components.logger.warn("malformed", { phase });
  }

  #untilAdmitted(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#admitted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#admissions.delete(wake);
        signal.removeEventListener("abort", stop);
        act();
      };
      const wake = () => settle(resolve);
      const stop = () => settle(() => reject(signal.reason));
      this.#admissions.add(wake);
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => this.components.clock.after(milliseconds, resolve));
    signal.throwIfAborted();
  }
}
