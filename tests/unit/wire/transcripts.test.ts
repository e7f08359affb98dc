import { toHex } from "@fedbaps/core/common/bytes.js";
import { authTranscript, enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { describe, expect, it } from "@jest/globals";

const key = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const hex = (bytes: Uint8Array) => toHex(bytes);

describe("what is signed", () => {
  it("for admission binds the coordinator, its nonce and the site", () => {
    const challenge = { protocol: 3 as const, coordinator: key(1), nonce: key(2) };
    const signed = [
      authTranscript(challenge, "a"),
      authTranscript(challenge, "b"),
      authTranscript({ ...challenge, nonce: key(3) }, "a"),
      authTranscript({ ...challenge, coordinator: key(3) }, "a"),
      authTranscript({ ...challenge, coordinator: key(2), nonce: key(1) }, "a"),
    ];
    expect(new Set(signed.map(hex)).size).toBe(signed.length);
    expect(hex(authTranscript({ ...challenge }, "a"))).toBe(hex(signed[0]));
  });

  it("for enrolment binds the invite, the site and both keys", () => {
    const request = { protocol: 3 as const, code: "ABCD-EFGH", site: "a", signKey: key(1), boxKey: key(2) };
    const signed = [
      enrolTranscript(request),
      enrolTranscript({ ...request, code: "ABCD-EFGI" }),
      enrolTranscript({ ...request, site: "b" }),
      enrolTranscript({ ...request, signKey: key(3) }),
      enrolTranscript({ ...request, boxKey: key(3) }),
      enrolTranscript({ ...request, signKey: key(2), boxKey: key(1) }),
      // The border between code and site must not move.
      enrolTranscript({ ...request, code: "ABCD-EFGHa", site: "" }),
      authTranscript({ protocol: 3, coordinator: key(1), nonce: key(2) }, "a"),
    ];
    expect(new Set(signed.map(hex)).size).toBe(signed.length);
  });
});
