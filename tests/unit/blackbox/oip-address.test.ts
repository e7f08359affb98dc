import { checkHost, parseAddress } from "@fedbaps/core/blackbox/oip/address.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";

describe("the address of a model", () => {
  it.each([
    ["http://127.0.0.1:8000/v2/models/seg", "http://127.0.0.1:8000", "/v2", "/v2/models/seg", undefined],
    ["https://gpu.clinic.example/v2/models/seg", "https://gpu.clinic.example", "/v2", "/v2/models/seg", undefined],
    ["https://h/v2/models/seg/versions/3", "https://h", "/v2", "/v2/models/seg/versions/3", "3"],
    ["HTTPS://H:443/a/b/v2/models/seg", "https://h", "/a/b/v2", "/a/b/v2/models/seg", undefined],
    ["http://[::1]:8000/v2/models/seg", "http://[::1]:8000", "/v2", "/v2/models/seg", undefined],
    ["https://h/v2/models/a/v2/models/b", "https://h", "/v2/models/a/v2", "/v2/models/a/v2/models/b", undefined],
  ])("%s is read", (text, origin, serverPath, modelPath, version) => {
    expect(parseAddress(text)).toMatchObject({ origin, serverPath, modelPath, version });
  });

  it.each([
    ["https://h/v2/models/my model", "/v2/models/my%20model"],
    ["https://h/v2/models/my%20model", "/v2/models/my%20model"],
    ["https://h/v2/models/a%2Fb", "/v2/models/a%2Fb"],
    ["https://h/v2/models/lung+heart", "/v2/models/lung%2Bheart"],
    ["https://h/v2/models/Herzgröße/versions/é", "/v2/models/Herzgr%C3%B6%C3%9Fe/versions/%C3%A9"],
  ])("the name in %s is written the one way", (text, modelPath) => {
    expect(parseAddress(text).modelPath).toBe(modelPath);
  });

  it.each([
    "",
    "seg",
    "ftp://h/v2/models/seg",
    "h:8000/v2/models/seg",
    "//h/v2/models/seg",
    "http:h/v2/models/seg",
    "https://h",
    "https://h/v2/models/",
    "https://h/v2/models/seg/",
    "https://h/v2/models/seg/infer",
    "https://h/v2/models/seg/versions/",
    "https://h/v1/models/seg",
    "https://h/v2/models/seg?x=1",
    "https://h/v2/models/seg?",
    "https://h/v2/models/seg#batch=2",
    "https://h:99999/v2/models/seg",
    "https:///v2/models/seg%",
    "https://h/v2/models/%E0%A4%A",
    "https://h/v2/models/../../etc",
  ])('"%s" is refused with the form', async (text) => {
    const error = await thrownBy(() => parseAddress(text));
    expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN", message: expect.stringContaining("/v2/models/NAME") });
  });

  it.each(["https://doctor:secret99@h/v2/models/seg", "https://secret99@h/v2/models/seg", "https:/doctor:secret99@h"])(
    "a user or password is refused and not repeated (%#)",
    async (text) => {
      const error = await thrownBy(() => parseAddress(text));
      expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN" });
      expect((error as Error).message).not.toContain("secret99");
    },
  );
});

const model = "/v2/models/seg";

describe("where images may go", () => {
  it.each([
    "http://127.0.0.1:8000",
    "http://127.9.8.7",
    "http://localhost:8000",
    "https://LOCALHOST",
    "http://[::1]:8000",
    // Other ways of writing 127.0.0.1.
    "http://127.1",
    "http://0x7f000001",
    "http://2130706433",
  ])("%s is this machine", (origin) => {
    const address = parseAddress(origin + model);
    expect(address.loopback).toBe(true);
    expect(() => checkHost(address, [])).not.toThrow();
  });

  it.each([
    ["https://gpu.clinic.example", "gpu.clinic.example"],
    ["https://gpu.clinic.example:8443", "gpu.clinic.example"],
    ["https://GPU.clinic.example", "gpu.CLINIC.example"],
    ["https://gpu.clinic.example:8443", "gpu.clinic.example:8443"],
    ["https://gpu.clinic.example", "gpu.clinic.example:443"],
    ["https://gpu.clinic.example", "https://gpu.clinic.example"],
    ["https://gpu.clinic.example:8443", "https://gpu.clinic.example:8443/"],
    ["http://gpu.clinic.example", "http://gpu.clinic.example"],
    ["http://gpu.clinic.example:8000", "http://gpu.clinic.example:8000"],
    ["https://[fd00::1]:8443", "[fd00:0::1]:8443"],
    ["https://10.0.0.5", "10.0.0.5"],
  ])("%s is allowed by %s", (origin, entry) => {
    expect(() => checkHost(parseAddress(origin + model), ["other.example", entry])).not.toThrow();
  });

  it.each([
    ["https://gpu.clinic.example", "clinic.example"],
    ["https://gpu.clinic.example", "*.clinic.example"],
    ["https://gpu.clinic.example", "*"],
    ["https://gpu.clinic.example", ""],
    ["https://gpu.clinic.example", "gpu.clinic.example.evil.example"],
    ["https://evil.example", "gpu.clinic.example@evil.example"],
    ["https://evil.example", "https://evil.example/gpu"],
    ["https://gpu.clinic.example:8443", "gpu.clinic.example:443"],
    ["https://gpu.clinic.example", "gpu.clinic.example:8443"],
    ["https://gpu.clinic.example:8443", "https://gpu.clinic.example"],
    ["https://gpu.clinic.example", "http://gpu.clinic.example"],
    ["http://gpu.clinic.example", "gpu.clinic.example"],
    ["http://gpu.clinic.example", "gpu.clinic.example:80"],
    ["http://gpu.clinic.example", "https://gpu.clinic.example"],
    ["http://gpu.clinic.example:8000", "http://gpu.clinic.example"],
    ["https://127.0.0.1.evil.example", "127.0.0.1"],
    ["https://localhost.evil.example", "localhost"],
    ["https://[::ffff:10.0.0.5]", "10.0.0.5"],
    ["https://0.0.0.0", "127.0.0.1"],
  ])("%s is not allowed by %s", async (origin, entry) => {
    const error = await thrownBy(() => checkHost(parseAddress(origin + model), [entry]));
    expect(error).toMatchObject({ code: "BLACKBOX_REFUSED" });
    const { message } = error as Error;
    for (const part of [new URL(origin).host, "images would leave", "policy.yaml", "blackboxHosts"])
      expect(message).toContain(part);
  });

  it("the entry that a refusal asks for would allow it", async () => {
    for (const origin of ["https://h", "https://h:8443", "http://h", "http://h:8000"]) {
      const address = parseAddress(origin + model);
      const { message } = (await thrownBy(() => checkHost(address, []))) as Error;
      const [, entry] = /must name (\S+) under/.exec(message) ?? [];
      expect(await codeOf(() => checkHost(address, [entry]))).toBe("nothing thrown");
    }
  });
});
