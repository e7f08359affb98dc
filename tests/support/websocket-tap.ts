import { connect, createServer, type Server } from "node:net";

/**
 * A TCP relay on loopback in front of the coordinator that keeps every byte the sites send through it, and what their
 * WebSocket frames hold once the transport's own masking (RFC 6455, section 5.3) is taken off.
 */
export class WebSocketTap {
  readonly #connections: Buffer[][] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(targetPort: number): Promise<WebSocketTap> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const tap = new WebSocketTap(server, `http://127.0.0.1:${address.port}`);
    server.on("connection", (site) => {
      const chunks: Buffer[] = [];
      tap.#connections.push(chunks);
      const centre = connect(targetPort, "127.0.0.1");
      site.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
      site.pipe(centre).pipe(site);
      const end = () => {
        site.destroy();
        centre.destroy();
      };
      for (const socket of [site, centre]) socket.on("error", end).on("close", end);
    });
    return tap;
  }

  /** The bytes of every connection as they went over the wire. */
  raw(): Buffer[] {
    return this.#connections.map((chunks) => Buffer.concat(chunks));
  }

  /** The payloads of all WebSocket frames, unmasked. */
  payloads(): Buffer[] {
    return this.raw().flatMap((bytes) => {
      const end = bytes.indexOf("\r\n\r\n");
      return /^get .*upgrade: websocket/is.test(bytes.subarray(0, end).toString("latin1"))
        ? framesOf(bytes.subarray(end + 4))
        : [];
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** RFC 6455, section 5.2: the frames that a client sends. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const masked = (bytes[at + 1] & 0x80) !== 0;
    let length = bytes[at + 1] & 0x7f;
    let head = at + 2;
    if (length === 126) {
      length = bytes.readUInt16BE(head);
      head += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(head));
      head += 8;
    }
    const key = masked ? bytes.subarray(head, head + 4) : Buffer.alloc(4);
    head += masked ? 4 : 0;
    if (head + length > bytes.length) break;
    const payload = Buffer.from(bytes.subarray(head, head + length));
    for (let i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];
    frames.push(payload);
    at = head + length;
  }
  return frames;
}
