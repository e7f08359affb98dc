/** Looks for pieces of secrets in recorded bytes: any twelve bytes in a row that are not nearly constant. */
export class LeakSearch {
  readonly #windows = new Set<string>();
  readonly #text: string[] = [];

  /** @param payloads what was recorded; base64 inside it is looked into as well. */
  constructor(payloads: readonly Uint8Array[]) {
    for (const payload of payloads) {
      const bytes = Buffer.from(payload);
      this.#add(bytes);
      for (const [quoted] of bytes.toString("latin1").matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)) {
        this.#add(Buffer.from(quoted, "base64"));
      }
    }
  }

  #add(bytes: Buffer): void {
    const text = bytes.toString("latin1");
    this.#text.push(text);
    for (let i = 0; i + WINDOW <= text.length; i++) this.#windows.add(text.slice(i, i + WINDOW));
  }

  hasText(text: string): boolean {
    return this.#text.some((recorded) => recorded.includes(text));
  }

  /** How many windows of `secret` were recorded. @param stride of the windows tried, in bytes. */
  count(secret: Uint8Array, stride = 4): number {
    const text = Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength).toString("latin1");
    let found = 0;
    for (let i = 0; i + WINDOW <= text.length; i += stride) {
      const window = text.slice(i, i + WINDOW);
      if (new Set(window).size >= VARIED && this.#windows.has(window)) found++;
    }
    return found;
  }
}

const WINDOW = 12;
/** Runs of zeros and the like prove nothing. */
const VARIED = 5;
