import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";

const spokenSchema = z.object({ protocol: z.number().int().min(0).max(999_999) });
const CODE = /^COORDINATOR_SPEAKS_(\d+)$/;

/** The version that a message names, where it is another than ours. */
export function otherProtocol(message: unknown): number | undefined {
  const { data } = spokenSchema.safeParse(message);
  return data && data.protocol !== PROTOCOL_VERSION ? data.protocol : undefined;
}

/** A code for a log that names the version. */
export function protocolCode(theirs: number): string {
  return `COORDINATOR_SPEAKS_${theirs}`;
}

/** The version in such a code. */
export function protocolIn(code: string): number | undefined {
  const found = CODE.exec(code);
  return found ? Number(found[1]) : undefined;
}

/** Which side has to be brought up to date. */
export function protocolLine(theirs: number): string {
  const versions = `the coordinator speaks version ${theirs} of the protocol, this program version ${PROTOCOL_VERSION}`;
  return theirs > PROTOCOL_VERSION
    ? `${versions}: update this program (fedbaps-site); its home stays as it is`
    : `${versions}: ask the study lead to update the coordinator, or install the version of fedbaps-site that fits it`;
}
