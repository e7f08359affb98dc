/** One WebSocket frame (RFC 6455, section 5.2) as it went over the wire, and what it says. */
export interface Frame {
  readonly bytes: Buffer;
  /** Unmasked. */
  readonly payload: Buffer;
}

/** Cuts one direction of a link into the HTTP head and then frames; gives each when it is complete. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #plain = false;

  /** @returns what is complete now: frames, or for what is no WebSocket the bytes as they are. */
  push(chunk: Buffer): (Frame | Buffer)[] {
    if (this.#plain) return [chunk];
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const out: (Frame | Buffer)[] = [];
    if (!this.#upgraded) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return out;
      const head = this.#rest.subarray(0, end + 4);
      if (!/^upgrade: *websocket/im.test(head.toString("latin1"))) {
        this.#plain = true;
        return [this.#rest];
      }
      this.#upgraded = true;
      this.#rest = this.#rest.subarray(end + 4);
      out.push(Buffer.from(head));
    }
    for (let frame = firstFrame(this.#rest); frame !== undefined; frame = firstFrame(this.#rest)) {
      out.push(frame);
      this.#rest = this.#rest.subarray(frame.bytes.length);
    }
    return out;
  }
}

function firstFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const masked = (bytes[1] & 0x80) !== 0;
  const short = bytes[1] & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const head = 2 + extended + (masked ? 4 : 0);
  if (bytes.length < head) return undefined;
  const length = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < head + length) return undefined;
  const payload = Buffer.from(bytes.subarray(head, head + length));
  if (masked) for (let i = 0; i < payload.length; i++) payload[i] ^= bytes[head - 4 + (i & 3)];
  return { bytes: Buffer.from(bytes.subarray(0, head + length)), payload };
}
