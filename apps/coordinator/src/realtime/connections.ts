import type { Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { Socket } from "socket.io";
import type { Outbox } from "../rounds/components.js";
import type { SiteRepository } from "../store/site-repository.js";

/** What is known of a site's link. Health is the last message that was accepted, not an open socket. */
export interface Presence {
  connected: boolean;
  lastMessage: number | null;
}

/** The admitted connections, one a site, and what they have carried. */
export class Connections implements Outbox {
  readonly #sockets = new Map<string, Socket>();
  readonly #lastMessage = new Map<string, number>();
  readonly #saving = new Set<Promise<void>>();

  constructor(private readonly sites: SiteRepository) {}

  /** The newest connection of a site is the one: an older one is often dead without knowing it. */
  admit(site: string, socket: Socket): void {
    const older = this.#sockets.get(site);
    this.#sockets.set(site, socket);
    if (older !== undefined) disconnect(older, "REPLACED");
  }

  isCurrent(site: string, socket: Socket): boolean {
    return this.#sockets.get(site) === socket;
  }

  /** How many sites are admitted now. */
  get count(): number {
    return this.#sockets.size;
  }

  heard(site: string, now: number): void {
    this.#lastMessage.set(site, now);
  }

  /** Stores what a connection that ended has carried. */
  leave(site: string, socket: Socket): void {
    if (this.isCurrent(site, socket)) this.#sockets.delete(site);
    const { up, down } = bytesOf(socket);
    const saving = this.sites.seen(site, this.#lastMessage.get(site) ?? null, up, down).catch(() => {});
    this.#saving.add(saving);
    void saving.then(() => this.#saving.delete(saving));
  }

  /** Ends the link of a site, saying why. */
  expel(site: string, code: string): void {
    const socket = this.#sockets.get(site);
    if (socket !== undefined) disconnect(socket, code);
  }

  send(site: string, instruction: Instruction): void {
    this.#sockets.get(site)?.emit("instruction", instruction);
  }

  offer(site: string, offers: StudyOffer[]): void {
    this.#sockets.get(site)?.emit("studies", offers);
  }

  roster(site: string, roster: SignedRoster | null): void {
    this.#sockets.get(site)?.emit("roster", roster);
  }

  presence(site: string): Presence {
    return { connected: this.#sockets.has(site), lastMessage: this.#lastMessage.get(site) ?? null };
  }

  /** Bytes that a site's open connection has carried so far, seen from the site. */
  traffic(site: string): { up: number; down: number } {
    const socket = this.#sockets.get(site);
    return socket === undefined ? { up: 0, down: 0 } : bytesOf(socket);
  }

  /** Resolves when everything about ended connections is stored. */
  async saved(): Promise<void> {
    await Promise.all(this.#saving);
  }
}

/** Says why, then closes; what is in the buffer is still sent. */
export function disconnect(socket: Socket, code: string): void {
  socket.emit("refused", { code });
  socket.disconnect(true);
}

/** Every byte of the TCP connection, HTTP upgrade included. */
function bytesOf(socket: Socket): { up: number; down: number } {
  const { bytesRead, bytesWritten } = socket.request.socket;
  return { up: bytesRead, down: bytesWritten };
}
