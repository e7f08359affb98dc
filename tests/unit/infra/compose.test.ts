import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { broken, linterModule, root } from "./support.js";

const { checkCompose } = await linterModule("compose-rules");
const { readCompose } = await linterModule("compose-file");
const { codeFacts } = await linterModule("code-facts");
const { dockerfileStages, runtimeOf } = await linterModule("dockerfile-stages");

const facts = codeFacts(root);
const secretsScript = readFileSync(`${root}/infra/scripts/make-secrets.sh`, "utf8");
const images = Object.fromEntries(
  ["coordinator", "site-agent"].map((name) => [
    name,
    runtimeOf(dockerfileStages(readFileSync(`${root}/infra/docker/${name}.Dockerfile`, "utf8"))),
  ]),
);
// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
type Compose = any;
const compose = (): Compose => structuredClone(readCompose(`${root}/infra/compose.yaml`));
const check = (document: Compose) =>
  broken(checkCompose({ file: "compose.yaml", compose: document, facts, images, secretsScript }));

describe("compose.yaml", () => {
  it("breaks no rule", () => {
    expect(check(compose())).toEqual([]);
  });

  const cases: [string, (document: Compose) => void][] = [
    ["compose/pinned", ({ services }) => (services.postgres.image = "postgres")],
    ["compose/read-only", ({ services }) => (services.coordinator.read_only = false)],
    ["compose/capabilities", ({ services }) => (services.coordinator.cap_add = ["NET_ADMIN"])],
    ["compose/no-new-privileges", ({ services }) => (services.postgres.security_opt = [])],
    ["compose/isolated", ({ services }) => (services["site-agent"].network_mode = "host")],
    ["compose/user", ({ services }) => (services.postgres.user = "0:0")],
    ["compose/tmp", ({ services }) => (services["site-agent"].tmpfs = undefined)],
    ["compose/limits", ({ services }) => (services.coordinator.pids_limit = undefined)],
    ["compose/restart", ({ services }) => (services.coordinator.restart = "no")],
    ["compose/logs", ({ services }) => (services.coordinator.logging = undefined)],
    ["compose/health", ({ services }) => (services.postgres.healthcheck.test = ["CMD-SHELL", "true"])],
    ["compose/health-agrees", ({ services }) => (services.coordinator.healthcheck.test[3] = "9000")],
    ["compose/stop", ({ services }) => (services.coordinator.stop_grace_period = undefined)],
    ["compose/depends", ({ services }) => (services.coordinator.depends_on.postgres.condition = "service_started")],
    ["compose/build", ({ services }) => (services.coordinator.build.context = ".")],
    ["compose/version", ({ services }) => (services.coordinator.image = "fedbaps/coordinator:0.0.9")],
    ["compose/networks", ({ networks }) => (networks.spare = {})],
    ["compose/secrets", ({ secrets }) => delete secrets["tls-key"]],
    ["compose/volumes", ({ volumes }) => delete volumes.site],
    ["compose/secret-files", ({ secrets }) => (secrets["tls-key"].file = "./secrets/other.pem")],
    [
      "compose/no-secrets",
      ({ services }) => (services.coordinator.environment.DATABASE_URL = "postgres://fedbaps:x@postgres:5432/fedbaps"),
    ],
    ["compose/no-secrets", ({ services }) => (services.coordinator.environment.FEDBAPS_TOKEN = "x")],
    ["compose/secrets-given", ({ services }) => (services["site-agent"].secrets = ["tls-cert"])],
    ["compose/database-inside", ({ services }) => (services.postgres.ports = ["5432:5432"])],
    ["compose/database-inside", ({ networks }) => (networks.database.internal = false)],
    ["compose/agent-inside", ({ services }) => services["site-agent"].networks.push("outside")],
    ["compose/data-read-only", ({ services }) => (services["site-agent"].volumes[1].read_only = false)],
    ["compose/verb", ({ services }) => (services["site-agent"].command[0] = "evaluate")],
    ["compose/flags", ({ services }) => services.coordinator.command.push("--plain")],
    ["compose/environment", ({ services }) => (services.coordinator.environment.FEDBAPS_PORT = 1)],
    ["compose/volume", ({ services }) => (services.coordinator.volumes = [])],
    ["compose/port", ({ services }) => (services.coordinator.ports = ["127.0.0.1:8470:8471"])],
    ["compose/loopback", ({ services }) => (services.coordinator.ports = ["8470:8470"])],
    ["compose/tls", ({ services }) => services.coordinator.command.push("--insecure-http")],
    ["compose/database", ({ services }) => (services.postgres.environment.POSTGRES_DB = "other")],
  ];
  it.each(cases)("%s is found broken", (rule, spoil) => {
    const document = compose();
    spoil(document);
    expect(check(document)).toContain(rule);
  });

  it("takes variables, their defaults, and merges", () => {
    const { services } = readCompose(`${root}/infra/compose.yaml`, {
      COORDINATOR_BIND: "0.0.0.0",
      SITE_DATA: "/pictures",
    });
    expect(services.coordinator.ports).toEqual(["0.0.0.0:8470:8470"]);
    expect(services["site-agent"].volumes[1].source).toBe("/pictures");
    expect(services.postgres.cap_drop).toEqual(["ALL"]);
  });
});
