import { chooseProxy, proxyAuthorization, shownProxy } from "@fedbaps/site-agent/proxy-choice.js";
import { describe, expect, it } from "@jest/globals";

const HTTPS = new URL("https://fed.example.org");
const proxied = (target: string, env: Record<string, string>, configured?: string) =>
  chooseProxy(new URL(target), env, configured)?.url.host;

describe("which proxy", () => {
  it.each<[string, string, Record<string, string>, string | undefined]>([
    [
      "HTTPS_PROXY for https",
      "https://fed.example.org",
      { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:2" },
      "p:1",
    ],
    ["not HTTP_PROXY", "https://fed.example.org", { HTTP_PROXY: "http://q:2" }, undefined],
    ["HTTP_PROXY for http", "http://fed.example.org", { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:2" }, "q:2"],
    [
      "the lower-case name first",
      "https://fed.example.org",
      { HTTPS_PROXY: "http://p:1", https_proxy: "http://r:3" },
      "r:3",
    ],
    ["ALL_PROXY for what has none", "https://fed.example.org", { ALL_PROXY: "http://s:4" }, "s:4"],
    ["an empty variable is none", "https://fed.example.org", { HTTPS_PROXY: "", ALL_PROXY: "" }, undefined],
    [
      "a proxy without a scheme",
      "https://fed.example.org",
      { HTTPS_PROXY: "proxy.hospital:3128" },
      "proxy.hospital:3128",
    ],
    ["never to this machine", "http://127.0.0.1:8470", { HTTP_PROXY: "http://q:2" }, undefined],
    ["never to this machine by IPv6", "http://[::1]:8470", { HTTP_PROXY: "http://q:2" }, undefined],
  ])("%s", (_, target, env, wanted) => {
    expect(proxied(target, env)).toBe(wanted);
  });

  it("site.yaml decides alone", () => {
    const env = { HTTPS_PROXY: "http://p:1", NO_PROXY: "*" };
    expect(proxied("https://fed.example.org", env, "http://site:9")).toBe("site:9");
    expect(proxied("https://fed.example.org", { HTTPS_PROXY: "http://p:1" }, "none")).toBeUndefined();
  });
});

describe("NO_PROXY", () => {
  it.each<[string, string, boolean]>([
    ["*", "https://fed.example.org", true],
    ["fed.example.org", "https://fed.example.org", true],
    ["FED.Example.org", "https://fed.example.org", true],
    ["example.org", "https://fed.example.org", true],
    [".example.org", "https://fed.example.org", true],
    ["*.example.org", "https://fed.example.org", true],
    ["ample.org", "https://fed.example.org", false],
    ["other.org", "https://fed.example.org", false],
    ["a.test, b.test  example.org,", "https://fed.example.org", true],
    ["example.org:443", "https://fed.example.org", true],
    ["example.org:8443", "https://fed.example.org", false],
    ["example.org:8443", "https://fed.example.org:8443", true],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.1.2.3", "https://10.1.2.3:8443", true],
    ["10.1.2.0/33", "https://10.1.2.3", false],
    ["10.0.0.0/8", "https://10.example.org", false],
    ["fd00::/8", "https://[fd12::1]", true],
    ["[fd12::1]:443", "https://[fd12::1]", true],
    ["fd12::1", "https://[fd13::1]", false],
  ])("%s for %s: straight is %s", (noProxy, target, straight) => {
    expect(proxied(target, { HTTPS_PROXY: "http://p:1", NO_PROXY: noProxy }) === undefined).toBe(straight);
  });
});

describe("user name and password", () => {
  it("are used as they are meant, and not shown", () => {
    const proxy = chooseProxy(HTTPS, { HTTPS_PROXY: "http://ward:p%40ss%2F%C3%B6@proxy.test:3128" })!;
    expect(shownProxy(proxy)).toBe("http://proxy.test:3128");
    expect(Buffer.from(proxyAuthorization(proxy)!.replace("Basic ", ""), "base64").toString()).toBe("ward:p@ss/ö");
    expect(proxyAuthorization(chooseProxy(HTTPS, { HTTPS_PROXY: "http://p:1" })!)).toBeUndefined();
  });

  it.each(["http://ward:secret@", "http://ward:se%cret@p:1", "ftp://ward:secret@p:1", "http://ward:secret@p:x"])(
    "are in no line about %s",
    (text) => {
      const act = () => chooseProxy(HTTPS, { HTTPS_PROXY: text });
      expect(act).toThrow(/https_proxy|HTTPS_PROXY/);
      expect(act).not.toThrow(/secret|se%cret|ward:/);
    },
  );
});
