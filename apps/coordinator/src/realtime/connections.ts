import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { Socket } from "socket.io";
import type { LiveFeed } from "../live-feed.js";
import type { Outbox } from "../rounds/components.js";
import type { Heard, Presence, PresenceRepository } from "../store/presence-repository.js";
import { type Cluster, roomOf } from "./cluster.js";

export interface ConnectionsComponents {
  readonly presences: PresenceRepository;
  readonly cluster: Cluster;
  readonly feed: LiveFeed;
  readonly clock: Clock;
}

interface Link {
  readonly socket: Socket;
  /** What of its traffic is in SQL. */
  saved: { up: number; down: number };
}

/** How often what links have carried goes to SQL: a coordinator that is killed forgets so much. */
const SAVE_MILLISECONDS = 5000;

/** The admitted connections of this process, one a site, and what they have carried. */
export class Connections implements Outbox {
  readonly #links = new Map<string, Link>();
  readonly #lastMessage = new Map<string, number>();
  readonly #unsaved = new Set<string>();
  #saving: Promise<void> = Promise.resolve();
  #cancelSaving = () => {};

  constructor(private readonly components: ConnectionsComponents) {
    this.#saveLater();
  }

  /** The newest connection of a site is the one: an older one is often dead without knowing it. */
  admit(site: string, socket: Socket): void {
    const { cluster, presences, feed } = this.components;
    const older = this.#links.get(site);
    this.#links.set(site, { socket, saved: { up: 0, down: 0 } });
    if (older !== undefined) disconnect(older.socket, "REPLACED");
    cluster.tell({ kind: "expel", site, code: "REPLACED" });
    void socket.join(roomOf(site));
    this.#store(() => presences.arrived(site));
    feed.publish({ kind: "sites" });
  }

  isCurrent(site: string, socket: Socket): boolean {
    return this.#links.get(site)?.socket === socket;
  }

  /** How many sites are admitted here now. */
  get count(): number {
    return this.#links.size;
  }

  heard(site: string, now: number): void {
    this.#lastMessage.set(site, now);
    this.#unsaved.add(site);
  }

  leave(site: string, socket: Socket): void {
    const { presences, feed } = this.components;
    const link = this.#links.get(site);
    if (link?.socket !== socket) return;
    this.#links.delete(site);
    const last = this.#heardOf(site, link);
    this.#unsaved.delete(site);
    this.#store(async () => {
      await presences.heard([last]);
      if (!this.#links.has(site)) await presences.left(site);
    });
    feed.publish({ kind: "sites" });
  }

  /** Ends the link of a site here, saying why. */
  expel(site: string, code: string): void {
    const link = this.#links.get(site);
    if (link !== undefined) disconnect(link.socket, code);
  }

  /** Ends the link of a site wherever it is. */
  expelEverywhere(site: string, code: string): void {
    this.expel(site, code);
    this.components.cluster.tell({ kind: "expel", site, code });
  }

  send(site: string, instruction: Instruction): void {
    this.#emit(site, "instruction", instruction);
  }

  repeat(site: string, instruction: Instruction): void {
    if (!this.#links.has(site)) this.components.cluster.toSite(site, "instruction", instruction);
  }

  /** Ends the links of sites that are not admitted any more, where nobody has said so. */
  keepOnly(admitted: ReadonlySet<string>): void {
    for (const site of this.#links.keys()) if (!admitted.has(site)) this.expel(site, "SITE_REVOKED");
  }

  offer(site: string, offers: StudyOffer[]): void {
    this.#emit(site, "studies", offers);
  }

  roster(site: string, roster: SignedRoster | null): void {
    this.#emit(site, "roster", roster);
  }

  /** What is known of every site's link, at this process or another. */
  async all(): Promise<Map<string, Presence>> {
    const stored = await this.components.presences.all();
    for (const [site, presence] of stored) {
      const link = this.#links.get(site);
      const heard = this.#lastMessage.get(site) ?? null;
      const more = link === undefined ? { up: 0, down: 0 } : unsavedOf(link);
      stored.set(site, {
        connected: link !== undefined || (this.components.cluster.shared && presence.connected),
        lastMessage: heard === null ? presence.lastMessage : Math.max(heard, presence.lastMessage ?? 0),
        bytesUp: presence.bytesUp + more.up,
        bytesDown: presence.bytesDown + more.down,
      });
    }
    return stored;
  }

  /** Resolves when everything about links is stored; nothing is stored after it. */
  async close(): Promise<void> {
    this.#cancelSaving();
    this.#save();
    await this.#saving;
  }

  #emit(site: string, event: string, message: unknown): void {
    const link = this.#links.get(site);
    if (link !== undefined) link.socket.emit(event, message);
    else this.components.cluster.toSite(site, event, message);
  }

  #heardOf(site: string, link: Link | undefined): Heard {
    const more = link === undefined ? { up: 0, down: 0 } : unsavedOf(link);
    if (link !== undefined) link.saved = bytesOf(link.socket);
    return { site, at: this.#lastMessage.get(site) ?? null, ...more };
  }

  #save(): void {
    const heard = [...this.#unsaved].map((site) => this.#heardOf(site, this.#links.get(site)));
    this.#unsaved.clear();
    if (heard.length > 0) this.#store(() => this.components.presences.heard(heard));
  }

  #saveLater(): void {
    this.#cancelSaving = this.components.clock.after(SAVE_MILLISECONDS, () => {
      this.#save();
      this.#saveLater();
    });
  }

  /** One after the other: what a link did last is what stays. Figures for people to read are not worth an error. */
  #store(write: () => Promise<void>): void {
    this.#saving = this.#saving.then(write).catch(() => {});
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

function unsavedOf({ socket, saved }: Link): { up: number; down: number } {
  const { up, down } = bytesOf(socket);
  return { up: up - saved.up, down: down - saved.down };
}
