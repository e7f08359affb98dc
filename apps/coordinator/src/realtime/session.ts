import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { verify } from "@fedbaps/core/secagg/keys.js";
import { type Acknowledgement, authSchema, type Challenge } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { authTranscript } from "@fedbaps/core/wire/transcripts.js";
import type { Socket } from "socket.io";
import { z } from "zod";
import { AUTH_MILLISECONDS } from "../config.js";
import { faultFields } from "../log.js";
import { isDatabaseAway } from "../store/pool.js";
import type { SiteRepository } from "../store/site-repository.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import { turn } from "../turns.js";
import { type Connections, disconnect } from "./connections.js";
import { SITE_EVENTS, type SiteEvent, type SiteMessages } from "./site-messages.js";

export interface SessionComponents {
  readonly sites: SiteRepository;
  readonly connections: Connections;
  readonly messages: SiteMessages;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

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
    socket.on("auth", (message: unknown, acknowledge: unknown) => this.#authenticate(message, replyTo(acknowledge)));
    for (const event of SITE_EVENTS) this.#on(event);
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
      const away = isDatabaseAway(error);
      logger[away ? "warn" : "error"]("auth-failed", faultFields(error));
      acknowledge({ ok: false, code: codeOf(error) });
      this.#refuse(away ? "TRY_AGAIN" : "INTERNAL");
    }
  }

  /** Handles one kind of message of the admitted site, and acknowledges it. */
  #on(event: SiteEvent): void {
    const { connections, messages, clock, logger, telemetry } = this.components;
    this.socket.on(event, async (message: unknown, acknowledge: unknown) => {
      const answer = replyTo(acknowledge);
      const site = this.#site;
      // Many messages at once are not one piece of work.
      await turn();
      if (site === undefined || !connections.isCurrent(site, this.socket))
        return answer({ ok: false, code: "NOT_ADMITTED" });
      const read = messages.read(event, message);
      if (read === undefined) {
        telemetry.message(event, "malformed");
        logger.warn("bad-message", { site, phase: event });
        return answer({ ok: false, code: "BAD_MESSAGE" });
      }
      try {
        connections.heard(site, clock.now());
        const given = await messages.handle(site, read);
        telemetry.message(event, "accepted");
        answer(given ?? accepted);
      } catch (error) {
        const fault = faultFields(error);
        telemetry.message(event, "refused");
        // Nobody can take it now. Unanswered, it is sent again on the site's next link, which it makes at once.
        if (fault.code === "NOT_DRIVEN" || isDatabaseAway(error)) return this.#refuse("TRY_AGAIN", site);
        logger[fault.stack === undefined ? "debug" : "error"]("message-refused", { site, phase: event, ...fault });
        answer({ ok: false, code: codeOf(error) });
      }
    });
  }

  #refuse(code: string, site?: string): void {
    this.components.logger.warn("site-refused", { site, code });
    this.components.telemetry.siteRefused(code);
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
