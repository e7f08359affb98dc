import { connect, createServer, type Server, type Socket } from "node:net";
import { type CutBy, type Direction, FaultLink, type Watcher, type Weather } from "./fault-link.js";

export type { CutBy, Direction } from "./fault-link.js";

/** What a rule does with the first message that it fits. */
export interface Rule {
  readonly direction: Direction;
  /** Every one of these texts is in the message. */
  readonly holds: readonly string[];
  /**
   * `cut-before`: the message is lost with the link; `cut-after`: it arrives, then the link ends;
   * `lose-answer`: it arrives and is dealt with, but the link ends before the acknowledgement gets back;
   * `swallow`: the link is half-open from this message on, in both directions or those of `lost`.
   */
  readonly act: "cut-before" | "cut-after" | "lose-answer" | "swallow";
  readonly lost?: readonly Direction[];
  /** Only messages on the links of this site. */
  readonly site?: string;
  /** Called at that very moment. */
  readonly also?: () => void;
}

interface Waiting extends Rule {
  readonly done: () => void;
  /** Of a message whose answer is to be lost: where it went, and its number. */
  sent?: { readonly link: FaultLink; readonly id: string };
}

/**
 * A TCP relay on loopback between real programs, which does to their links what networks do. Faults that speak of
 * messages see those of Socket.IO: the texts of WebSocket frames, whole and unmasked.
 */
export class FaultProxy {
  readonly #links = new Set<FaultLink>();
  readonly #weather: Weather = { delay: 0, rate: 0 };
  readonly #rules = new Set<Waiting>();
  #refusing = false;
  #made = 0;

  private constructor(
    private readonly server: Server,
    private targetPort: number,
    readonly url: string,
  ) {}

  static async start(targetPort: number): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const proxy = new FaultProxy(server, targetPort, `http://127.0.0.1:${address.port}`);
    server.on("connection", (client) => proxy.#accept(client));
    return proxy;
  }

  /** New links lead to another port of this machine from now on. */
  leadTo(port: number): void {
    this.targetPort = port;
  }

  /** Links that are up now. */
  get links(): readonly FaultLink[] {
    return [...this.#links];
  }

  /** How many links were ever made. */
  get made(): number {
    return this.#made;
  }

  /** Cuts every link that is up. */
  cut(by: CutBy = "reset"): void {
    for (const link of this.links) link.cut(by);
  }

  /** Whether new links are reset at once. */
  refuse(refusing = true): void {
    this.#refusing = refusing;
  }

  /** Makes the links that are up half-open; new ones are as good as ever. */
  swallow(...directions: Direction[]): void {
    for (const link of this.links) link.swallow(...directions);
  }

  /** All links, new ones too. @param weather delay: milliseconds, rate: bytes a second; 0: none. */
  slow(weather: Partial<Weather>): void {
    Object.assign(this.#weather, weather);
  }

  /** Does something at the next message that fits; resolves when it was done. */
  once(rule: Rule): Promise<void> {
    return new Promise((done) => this.#rules.add({ ...rule, done }));
  }

  /** Rules whose message has not come. */
  get outstanding(): number {
    return this.#rules.size;
  }

  /** Forgets the rules whose message has not come, and is a good network again for new links. */
  heal(): void {
    this.#rules.clear();
    this.#refusing = false;
    this.slow({ delay: 0, rate: 0 });
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    this.#made++;
    const server = connect({ port: this.targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const link = new FaultLink(client, server, this.#weather, this.#see, () => this.#links.delete(link));
    this.#links.add(link);
  }

  readonly #see: Watcher = ({ link, direction, text }) => {
    if (direction === "toServer" && text.includes('["auth",')) link.site = /"site":"([^"]*)"/.exec(text)?.[1];
    for (const rule of this.#rules) {
      if (rule.sent) {
        const answer = direction === "toClient" && rule.sent.link === link && text.startsWith(`43${rule.sent.id}[`);
        // The next link brings the message again, if this one ends for another reason before it was answered.
        if (!rule.sent.link.open) delete rule.sent;
        if (answer) return this.#obey(rule, link, "cut-before");
      }
      if (rule.site !== undefined && rule.site !== link.site) continue;
      if (rule.sent || rule.direction !== direction || !rule.holds.every((part) => text.includes(part))) continue;
      if (rule.act !== "lose-answer") return this.#obey(rule, link, rule.act);
      const id = /^4(?:2|51-)(\d+)\[/.exec(text)?.[1];
      if (id !== undefined) rule.sent = { link, id };
    }
    return true;
  };

  #obey(rule: Waiting, link: FaultLink, act: Exclude<Rule["act"], "lose-answer">): boolean {
    this.#rules.delete(rule);
    rule.also?.();
    const lost = rule.lost ?? ["toServer", "toClient"];
    if (act === "swallow") link.swallow(...lost);
    else if (act === "cut-before") link.cut();
    // Once what was passed on has left this process.
    else setImmediate(() => link.cut("end"));
    rule.done();
    return act === "cut-after" || (act === "swallow" && !lost.includes(rule.direction));
  }
}
