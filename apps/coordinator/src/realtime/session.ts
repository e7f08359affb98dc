import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { verify } from "@fedbaps/core/secagg/keys.js";
import {
  type Acknowledgement,
  authSchema,
  type Challenge,
  failureSchema,
  historyRequestSchema,
  progressSchema,
  replySchema,
  siteReportSchema,
} from "@fedbaps/core/wire/messages.js";
import { digestSchema, PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { authTranscript } from "@fedbaps/core/wire/transcripts.js";
import type { Socket } from "socket.io";
import { z } from "zod";
import { AUTH_MILLISECONDS } from "../config.js";
import { faultFields } from "../log.js";
import type { SiteRepository } from "../store/site-repository.js";
import { type Connections, disconnect } from "./connections.js";
import type { SiteMessages } from "./site-messages.js";

export interface SessionComponents {
  readonly sites: SiteRepository;
  readonly connections: Connections;
  readonly messages: SiteMessages;
  readonly clock: Clock;
  readonly logger: Logger;
}

const approvalsSchema = z.strictObject({ hashes: z.array(digestSchema).max(1000) });
const accepted: Acknowledgement = { ok: true };

/** One connection: challenge, answer, then messages of the site that answered, each parsed before anything happens. */
export class Session {
  #site: string | undefined;
  #answering = false;

  constructor(
    private readonly components: SessionComponents,
    private readonly socket: Socket,
    private readonly challenge: Challenge,
  ) {
    const { messages } = components;
    socket.on("auth", (message: unknown, acknowledge: unknown) => this.#authenticate(message, replyTo(acknowledge)));
    this.#on("approvals", approvalsSchema, (site, { hashes }) => messages.approvals(site, hashes));
    this.#on("reply", replySchema, (site, reply) => messages.reply(site, reply));
    this.#on("progress", progressSchema, (site, progress) => messages.progress(site, progress));
    this.#on("report", siteReportSchema, (site, report) => messages.report(site, report));
    this.#on("failure", failureSchema, (site, failure) => messages.failure(site, failure));
    this.#on("history", historyRequestSchema, (site, request) => messages.history(site, request));
    const cancel = components.clock.after(AUTH_MILLISECONDS, () => {
      if (this.#site === undefined) this.#refuse("AUTH_TIMEOUT");
    });
    socket.on("disconnect", () => {
      cancel();
      if (this.#site !== undefined) components.connections.leave(this.#site, socket);
    });
    socket.emit("challenge", challenge);
  }

  async #authenticate(message: unknown, acknowledge: (answer: unknown) => void): Promise<void> {
    const { sites, connections, messages, clock, logger } = this.components;
    if (this.#answering) return acknowledge({ ok: false, code: "BAD_MESSAGE" });
    this.#answering = true;
    try {
      const refuse = (code: string, site?: string) => {
        acknowledge({ ok: false, code });
        this.#refuse(code, site);
      };
      const parsed = authSchema.safeParse(message);
      if (!parsed.success) return refuse(speaksOtherVersion(message) ? "PROTOCOL_VERSION" : "BAD_MESSAGE");
      const { site, signature } = parsed.data;
      const row = await sites.find(site);
      if (row === undefined || row.signKey === null) return refuse("UNKNOWN_SITE");
      if (!verify(authTranscript(this.challenge, site), signature, row.signKey)) return refuse("BAD_SIGNATURE", site);
      if (row.status !== "approved") return refuse(row.status === "pending" ? "SITE_PENDING" : "SITE_REVOKED", site);
      if (!this.socket.connected) return;
      this.#site = site;
      connections.admit(site, this.socket);
      connections.heard(site, clock.now());
      acknowledge(accepted);
      logger.info("site-connected", { site });
      this.socket.emit("admitted", { site, serverTime: clock.now() });
      await messages.admitted(site);
    } catch (error) {
      logger.error("auth-failed", faultFields(error));
      acknowledge({ ok: false, code: codeOf(error) });
      this.#refuse("INTERNAL");
    }
  }

  /** Handles one kind of message of the admitted site, and acknowledges it. What `handle` gives back is the answer. */
  #on<T>(event: string, schema: z.ZodType<T>, handle: (site: string, message: T) => Promise<unknown>): void {
    const { connections, clock, logger } = this.components;
    this.socket.on(event, async (message: unknown, acknowledge: unknown) => {
      const answer = replyTo(acknowledge);
      const site = this.#site;
      if (site === undefined || !connections.isCurrent(site, this.socket))
        return answer({ ok: false, code: "NOT_ADMITTED" });
      const parsed = schema.safeParse(message);
      if (!parsed.success) {
        logger.warn("bad-message", { site, phase: event });
        return answer({ ok: false, code: "BAD_MESSAGE" });
      }
      try {
        connections.heard(site, clock.now());
        answer((await handle(site, parsed.data)) ?? accepted);
      } catch (error) {
        const fault = faultFields(error);
        logger[fault.stack === undefined ? "debug" : "error"]("message-refused", { site, phase: event, ...fault });
        answer({ ok: false, code: codeOf(error) });
      }
    });
  }

  #refuse(code: string, site?: string): void {
    this.components.logger.warn("site-refused", { site, code });
    disconnect(this.socket, code);
  }
}

function replyTo(acknowledge: unknown): (answer: unknown) => void {
  return typeof acknowledge === "function" ? (answer) => void acknowledge(answer) : () => {};
}

function speaksOtherVersion(message: unknown): boolean {
  const parsed = z.object({ protocol: z.number() }).safeParse(message);
  return parsed.success && parsed.data.protocol !== PROTOCOL_VERSION;
}
