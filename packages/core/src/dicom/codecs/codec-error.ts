/** A compressed picture that cannot be decoded; the message says why. The caller adds the file. */
export class CodecError extends Error {}
