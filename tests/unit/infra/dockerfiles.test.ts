import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { broken, linterModule, replaced, root } from "./support.js";

const { checkDockerfile } = await linterModule("dockerfile-rules");
const { checkDockerignore } = await linterModule("dockerignore-rules");
const { ignores } = await linterModule("dockerignore");
const { codeFacts, importedPackages } = await linterModule("code-facts");

const facts = codeFacts(root);
const ignoreText = readFileSync(`${root}/.dockerignore`, "utf8");
const IMAGES = {
  coordinator: { verb: "serve", entry: "apps/coordinator/src/main.ts" },
  "site-agent": { verb: "run", entry: "apps/site-agent/src/main.ts" },
};
type Image = keyof typeof IMAGES;
const textOf = (image: Image) => readFileSync(`${root}/infra/docker/${image}.Dockerfile`, "utf8");
const check = (image: Image, text: string) =>
  broken(checkDockerfile({ file: image, text, ignored: ignores(ignoreText), facts, ...IMAGES[image] }));

describe("the Dockerfiles", () => {
  it.each(["coordinator", "site-agent"] as const)("%s breaks no rule", (image) => {
    expect(check(image, textOf(image))).toEqual([]);
  });

  const cases: [Image, string, string | RegExp, string, string][] = [
    ["coordinator", "a base without a version", "node:20-bookworm-slim\n", "node:latest\n", "dockerfile/pinned"],
    [
      "coordinator",
      "an instruction that does not exist",
      "STOPSIGNAL SIGTERM",
      "STOPSIGNALS SIGTERM",
      "dockerfile/valid",
    ],
    ["coordinator", "root", "USER 10001:10001\n", "", "dockerfile/user"],
    ["coordinator", "a user by name", "USER 10001:10001", "USER node", "dockerfile/user"],
    [
      "coordinator",
      "files that the user owns",
      "USER 10001:10001",
      "USER 10001:10001\nRUN mkdir x",
      "dockerfile/user-last",
    ],
    [
      "coordinator",
      "a build in the last stage",
      "WORKDIR /data",
      "RUN npm ci --ignore-scripts\nWORKDIR /data",
      "dockerfile/multi-stage",
    ],
    ["coordinator", "a source that is not there", "COPY LICENSE ./", "COPY LICENCE ./", "dockerfile/copy"],
    ["coordinator", "a source that the builder does not get", "COPY LICENSE ./", "COPY docs docs", "dockerfile/copy"],
    ["coordinator", "everything at once", "COPY LICENSE ./", "COPY . .", "dockerfile/copy"],
    ["coordinator", "a stage that is not there", "--from=modules", "--from=packages", "dockerfile/copy"],
    [
      "coordinator",
      "a workspace without its package.json",
      /^COPY apps\/site-agent\/package.json .*\n/m,
      "",
      "dockerfile/manifests",
    ],
    [
      "coordinator",
      "versions that npm chooses",
      "npm ci --ignore-scripts",
      "npm install --ignore-scripts",
      "dockerfile/locked",
    ],
    ["coordinator", "code of packages", "npm ci --ignore-scripts", "npm ci", "dockerfile/locked"],
    [
      "coordinator",
      "a download",
      "WORKDIR /data",
      "ADD https://example.org/x /x\nWORKDIR /data",
      "dockerfile/no-download",
    ],
    [
      "coordinator",
      "a secret in a layer",
      "NODE_ENV=production",
      "NODE_ENV=production ADMIN_TOKEN=x",
      "dockerfile/no-secrets",
    ],
    [
      "coordinator",
      "a shell around the program",
      /^ENTRYPOINT .*$/m,
      "ENTRYPOINT fedbaps-coordinator",
      "dockerfile/exec-form",
    ],
    [
      "coordinator",
      "a variable that nobody reads",
      "NODE_ENV=production",
      "NODE_ENV=production FEDBAPS_PORT=1",
      "dockerfile/environment",
    ],
    ["coordinator", "a flag that does not exist", '"--json-log"', '"--log-json"', "dockerfile/flags"],
    ["coordinator", "another port", "EXPOSE 8470", "EXPOSE 8471", "dockerfile/port"],
    ["coordinator", "no health check", /^HEALTHCHECK .*\n/m, "", "dockerfile/health"],
    [
      "coordinator",
      "a health check that is not in the image",
      "COPY infra/docker/coordinator-health.mjs infra/docker/\n",
      "",
      "dockerfile/health",
    ],
    ["coordinator", "a health check without a limit", "--timeout=10s ", "", "dockerfile/health-times"],
    ["coordinator", "a home that is lost", "VOLUME /data", "VOLUME /tmp", "dockerfile/volume"],
    ["coordinator", "another signal", "STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "dockerfile/stop-signal"],
    ["coordinator", "no licence", /org.opencontainers.image.licenses="[^"]*"/, 'licence="x"', "dockerfile/labels"],
    ["coordinator", "an old version", 'version="0.1.0"', 'version="0.0.9"', "dockerfile/version"],
    [
      "coordinator",
      "a package that it imports taken away",
      "onnxruntime-node sharp",
      "onnxruntime-node express",
      "dockerfile/needed-packages",
    ],
    [
      "site-agent",
      "a package that core imports taken away",
      "@tensorflow/tfjs-node \\",
      "onnxruntime-node \\",
      "dockerfile/needed-packages",
    ],
    ["site-agent", "an open port", "VOLUME /data", "VOLUME /data\nEXPOSE 80", "dockerfile/no-port"],
    ["site-agent", "reports to ONNX Runtime's maker", " ORT_DISABLE_TELEMETRY=1", "", "dockerfile/telemetry"],
  ];
  it.each(cases)("%s: %s is found", (image, _what, from, to, rule) => {
    expect(check(image, replaced(textOf(image), from, to))).toContain(rule);
  });

  it("knows what the programs import: the coordinator no model, the agent all of it", () => {
    const coordinator: Set<string> = importedPackages(root, IMAGES.coordinator.entry);
    const agent: Set<string> = importedPackages(root, IMAGES["site-agent"].entry);
    expect([...coordinator]).toEqual(expect.arrayContaining(["express", "pg", "socket.io", "tweetnacl"]));
    for (const name of ["onnxruntime-node", "sharp", "@tensorflow/tfjs-core"]) {
      expect(coordinator).not.toContain(name);
      expect(agent).toContain(name);
    }
  });
});

describe(".dockerignore", () => {
  it("keeps private files from the builder", () => {
    expect(broken(checkDockerignore({ file: ".dockerignore", text: ignoreText }))).toEqual([]);
  });

  it("is found to let them pass", () => {
    const open = replaced(ignoreText, /^\*\n/m, "");
    expect(broken(checkDockerignore({ file: "x", text: open }))).toEqual([
      "dockerignore/nothing-by-default",
      "dockerignore/private",
    ]);
    expect(broken(checkDockerignore({ file: "x", text: `${ignoreText}!infra\n` }))).toEqual(["dockerignore/private"]);
  });

  it.each([
    ["*\n!apps\n**/dist", "apps/a/dist/x.js", true],
    ["*\n!apps\n**/dist", "apps/a/src/x.js", false],
    ["**/dist", "dist/x", true],
    ["*.md\n!README*.md", "README-secret.md", false],
    ["*.md\n!README*.md", "docs/x.md", false],
    ["docs/*.md", "docs/x.md", true],
    ["docs/*.md", "docs/a/x.md", false],
    ["/a?c/", "abc/d", true],
    ["a/**/z", "a/z", true],
    ["# x\n", "# x", false],
  ])("%j: %s", (text, path, out) => {
    expect(ignores(text)(path)).toBe(out);
  });
});
