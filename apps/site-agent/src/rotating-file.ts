import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

export interface RotationLimits {
  /** A file that would grow beyond this is put aside. */
  readonly bytes: number;
  /** So many files are kept, the present one among them. */
  readonly files: number;
}

/** The file system, or what stands in for a full disk. */
export interface RotatingFs {
  openSync(file: string, flags: string, mode: number): number;
  fstatSync(handle: number): { readonly size: number; readonly nlink: number };
  writeSync(handle: number, bytes: Uint8Array, offset: number): number;
  closeSync(handle: number): void;
  renameSync(from: string, to: string): void;
}

const REAL: RotatingFs = { openSync, fstatSync, writeSync, closeSync, renameSync };

/**
 * A file of lines that stays small: `agent.log` is put aside as `agent.1.log`, that as `agent.2.log`, and the oldest goes.
 * Every line is with the system when `write` returns, so a SIGKILL loses none. What cannot be written, as on a full disk, is
 * left out and counted: no work stops for the sake of its log. (`pino-roll` keeps its lines in memory then, and gives the
 * present file a number.)
 */
export class RotatingFile {
  #handle: number | undefined;
  #lost = 0;
  #torn = false;

  /**
   * @param file its name ends in an extension
   * @param lostLine the line, without its end, that says how many lines are missing
   */
  constructor(
    private readonly file: string,
    private readonly limits: RotationLimits,
    private readonly lostLine: (count: number) => string,
    private readonly fs: RotatingFs = REAL,
  ) {}

  /** Lines that could not be written since the last that could. */
  get lost(): number {
    return this.#lost;
  }

  /** @param line with its end. Never throws. */
  write(line: string): void {
    const missing = this.#lost === 0 ? "" : `${this.lostLine(this.#lost)}\n`;
    const bytes = Buffer.from(`${this.#torn ? "\n" : ""}${missing}${line}`, "utf8");
    try {
      this.#append(this.#roomFor(bytes.length), bytes);
      this.#lost = 0;
      this.#torn = false;
    } catch {
      this.#lost++;
      this.#close();
    }
  }

  /** The file to write to. Somebody else may have emptied, moved or removed it. */
  #roomFor(length: number): number {
    let handle = this.#open();
    const { size, nlink } = this.fs.fstatSync(handle);
    if (nlink > 0 && (size === 0 || size + length <= this.limits.bytes)) return handle;
    this.#close();
    if (nlink > 0) this.#putAside();
    handle = this.#open();
    return handle;
  }

  #open(): number {
    this.#handle ??= this.fs.openSync(this.file, "a", 0o600);
    return this.#handle;
  }

  #close(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      if (handle !== undefined) this.fs.closeSync(handle);
    } catch {
      // It is given up either way.
    }
  }

  #putAside(): void {
    for (let number = this.limits.files - 1; number >= 1; number--)
      try {
        this.fs.renameSync(number === 1 ? this.file : this.#older(number - 1), this.#older(number));
      } catch {
        // There are not so many yet; or it cannot be moved, and grows.
      }
  }

  #older(number: number): string {
    return this.file.replace(/(\.[^./\\]*)$/, `.${number}$1`);
  }

  #append(handle: number, bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; ) {
      try {
        offset += this.fs.writeSync(handle, bytes, offset);
      } catch (error) {
        this.#torn ||= offset > 0;
        throw error;
      }
    }
  }
}
