import { createHmac, randomBytes } from "node:crypto";
import type { KnownPatient } from "./discovery/found-case.js";

/** Gives the site's salt; called only where a patient is known. */
export type SaltSource = () => Promise<Uint8Array>;

/** Hexadecimal digits that are kept: 128 bits, far from any collision. */
const DIGITS = 32;

/** A salt for this process alone. */
export const passingSalt: SaltSource = async () => randomBytes(32);

/**
 * Which pictures belong together, as a name that says nothing: HMAC-SHA256 (RFC 2104) under the site's salt, cut to 128
 * bits. A patient's identifier is often short and regular, so a plain hash of it could be looked up.
 */
export class PatientNames {
  #salt: Promise<Uint8Array> | undefined;

  constructor(private readonly source: SaltSource) {}

  /**
   * @param kind identifiers of patients, of studies and names of files never meet
   * @returns 32 hexadecimal digits
   */
  async name(kind: KnownPatient["kind"], identifier: string): Promise<string> {
    this.#salt ??= this.source();
    const hmac = createHmac("sha256", await this.#salt).update(`fedbaps/${kind}/1\0`);
    return hmac.update(identifier).digest("hex").slice(0, DIGITS);
  }
}
