import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Frame, FrameSplitter } from "./websocket-frames.js";

export type Direction = "toServer" | "toClient";
export type CutBy = "reset" | "end";

/** How a network treats what passes through it. */
export interface Weather {
  /** Milliseconds that every byte is late, in each direction. */
  delay: number;
  /** Bytes a second in each direction; 0: no limit. */
  rate: number;
}

/** Sees a whole message before it is passed on; gives false to lose it. */
export type Watcher = (message: { link: FaultLink; direction: Direction; text: string }) => boolean;

interface Lane {
  readonly from: Socket;
  readonly to: Socket;
  readonly splitter: FrameSplitter;
  swallows: boolean;
  passed: number;
  limit: { readonly bytes: number; readonly reached: () => void } | undefined;
  tail: Promise<void>;
}

const SLICES_A_SECOND = 20;

/** One TCP connection through the proxy: two lanes, each of which can be spoilt by itself. */
export class FaultLink {
  readonly #lanes: Record<Direction, Lane>;
  #open = true;
  /** Whose link it is, once that was said. */
  site: string | undefined;

  constructor(
    client: Socket,
    server: Socket,
    private readonly weather: Readonly<Weather>,
    private readonly watch: Watcher,
    private readonly closed: () => void,
  ) {
    this.#lanes = { toServer: lane(client, server), toClient: lane(server, client) };
    for (const direction of ["toServer", "toClient"] as const) {
      const { from } = this.#lanes[direction];
      from.setNoDelay(true);
      from.on("data", (chunk) => this.#take(direction, chunk));
      from.on("error", () => {});
      // A side that has said its last word is gone: no program here talks on to one that does not listen.
      from.on("end", () => this.#ended(direction));
      from.on("close", () => this.#ended(direction));
    }
  }

  get open(): boolean {
    return this.#open;
  }

  /** Ends both sides: by RST at once, or by FIN after what was passed on before. */
  cut(by: CutBy = "reset"): void {
    if (!this.#open) return;
    this.#open = false;
    for (const { from } of Object.values(this.#lanes)) {
      if (by === "reset") from.resetAndDestroy();
      else from.destroySoon();
    }
    this.closed();
  }

  /** Half-open: from now on nothing gets through in these directions, not even the end; both sides think it is up. */
  swallow(...directions: Direction[]): void {
    for (const direction of directions) this.#lanes[direction].swallows = true;
  }

  /** Cuts by RST as soon as so many more bytes have passed in a direction, in the middle of a message if it is so. */
  cutAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const lane = this.#lanes[direction];
      lane.limit = { bytes: lane.passed + bytes, reached: resolve };
    });
  }

  #take(direction: Direction, chunk: Buffer): void {
    const lane = this.#lanes[direction];
    for (const part of lane.splitter.push(chunk)) {
      if (!this.#open || lane.swallows) return;
      if (isFrame(part) && !this.watch({ link: this, direction, text: part.payload.toString("latin1") })) continue;
      if (!this.#open || lane.swallows) return;
      this.#pass(lane, isFrame(part) ? part.bytes : part);
    }
  }

  #pass(lane: Lane, bytes: Buffer): void {
    const { delay, rate } = this.weather;
    const due = performance.now() + delay;
    if (delay === 0 && rate === 0 && lane.tail === settled) {
      this.#write(lane, bytes);
      return;
    }
    const tail = lane.tail.then(async () => {
      await sleep(Math.max(0, due - performance.now()));
      const slice = rate === 0 ? bytes.length : Math.max(1, Math.floor(rate / SLICES_A_SECOND));
      for (let at = 0; at < bytes.length && this.#open; at += slice) {
        const part = bytes.subarray(at, at + slice);
        if (rate > 0) await sleep((1000 * part.length) / rate);
        this.#write(lane, part);
      }
      if (lane.tail === tail) lane.tail = settled;
    });
    lane.tail = tail;
  }

  #write(lane: Lane, bytes: Buffer): void {
    if (!this.#open || lane.swallows) return;
    const { limit } = lane;
    const left = limit === undefined ? bytes.length : Math.min(bytes.length, limit.bytes - lane.passed);
    lane.passed += left;
    lane.to.write(bytes.subarray(0, left));
    if (limit === undefined || lane.passed < limit.bytes) return;
    this.cut();
    limit.reached();
  }

  /** One side has gone: the other hears of it, unless that is lost too. */
  #ended(direction: Direction): void {
    const lane = this.#lanes[direction];
    if (!this.#open || lane.swallows) return;
    void lane.tail.then(() => this.cut("end"));
  }
}

const settled = Promise.resolve();

function lane(from: Socket, to: Socket): Lane {
  return { from, to, splitter: new FrameSplitter(), swallows: false, passed: 0, limit: undefined, tail: settled };
}

function isFrame(part: Frame | Buffer): part is Frame {
  return "payload" in part;
}
