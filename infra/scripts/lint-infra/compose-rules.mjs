// Rules for infra/compose.yaml.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Checks } from "./checks.mjs";
import { flagValue, isPinned, unknownFlags } from "./code-facts.mjs";
import { mountOf, tmpfsOf } from "./compose-file.mjs";

/**
 * @param {object} input
 * @param {string} input.file its name, from the root
 * @param {any} input.compose the document, variables filled in
 * @param {ReturnType<import("./code-facts.mjs").codeFacts>} input.facts
 * @param {Record<string, any>} input.images what each Dockerfile's image does, by the name of its service
 * @param {string} input.secretsScript the text of make-secrets.sh
 */
export function checkCompose({ file, compose, facts, images, secretsScript }) {
  const checks = new Checks(file);
  const services = Object.entries(compose.services ?? {});
  const each = (rule, message, faulty) =>
    checks.none(
      rule,
      services.filter(([name, service]) => faulty(service, name)).map(([name]) => name),
      message,
    );

  each("compose/pinned", "name the image's version", ({ image = "" }) => !isPinned(image));
  each("compose/read-only", "set read_only: true", (service) => service.read_only !== true);
  each(
    "compose/capabilities",
    "set cap_drop: [ALL], and add none",
    ({ cap_drop, cap_add }) => !cap_drop?.includes("ALL") || cap_add !== undefined,
  );
  each(
    "compose/no-new-privileges",
    "set security_opt: [no-new-privileges:true]",
    ({ security_opt }) => !security_opt?.includes("no-new-privileges:true"),
  );
  each("compose/isolated", "share nothing of the machine: no privileged, network_mode, pid, ipc, devices", (service) =>
    ["privileged", "network_mode", "pid", "ipc", "devices"].some((key) => key in service),
  );
  each(
    "compose/user",
    "run as a numbered user that is not root",
    ({ user }, name) => !/^[1-9]\d*:[1-9]\d*$/.test(user ?? images[name]?.user ?? ""),
  );
  each(
    "compose/tmp",
    "give a tmpfs for /tmp: the root is read-only",
    ({ tmpfs = [] }) => !tmpfs.map(tmpfsOf).some(({ target }) => target === "/tmp"),
  );
  each(
    "compose/limits",
    "set mem_limit, cpus and pids_limit",
    ({ mem_limit, cpus, pids_limit }) => !(mem_limit && cpus && pids_limit),
  );
  each("compose/restart", "set restart: unless-stopped", ({ restart }) => restart !== "unless-stopped");
  each(
    "compose/logs",
    "limit the log: max-size and max-file",
    ({ logging }) => !logging?.options?.["max-size"] || !logging?.options?.["max-file"],
  );
  each(
    "compose/health",
    "give a health check in exec form, with its times",
    ({ healthcheck }) =>
      healthcheck?.test?.[0] !== "CMD" ||
      !["interval", "timeout", "retries", "start_period"].every((key) => healthcheck[key] !== undefined),
  );
  each(
    "compose/health-agrees",
    "the health check must be the image's",
    ({ healthcheck }, name) =>
      images[name] !== undefined &&
      JSON.stringify(healthcheck?.test?.slice(1)) !==
        JSON.stringify(images[name].healthcheck?.words.slice(images[name].healthcheck.words.indexOf("node"))),
  );
  each("compose/stop", "set stop_grace_period", ({ stop_grace_period }) => stop_grace_period === undefined);

  const waits = services.flatMap(([name, { depends_on = {} }]) =>
    Object.entries(depends_on)
      .filter(([target, value]) => value?.condition !== "service_healthy" || compose.services[target] === undefined)
      .map(([target]) => `${name} on ${target}`),
  );
  checks.none("compose/depends", waits, "wait with condition: service_healthy for a service that is there");
  const built = services.filter(([name]) => images[name] !== undefined);
  checks.none(
    "compose/build",
    built
      .filter(
        ([, { build }]) =>
          !existsSync(join(facts.root, "infra", build?.context ?? "none", build?.dockerfile ?? "none")),
      )
      .map(([name]) => name),
    "build: context and dockerfile lead nowhere",
  );
  checks.none(
    "compose/version",
    built.filter(([, { image }]) => !image.endsWith(`:${facts.version}`)).map(([name]) => name),
    `the image's tag must be ${facts.version}`,
  );
  checkNames(checks, compose, services, secretsScript);
  checkSecrecy(checks, compose, services);
  checkPrograms(checks, compose, facts, images);
  return checks.all;
}

/** Whatever is named is there, and whatever is there is named. */
function checkNames(checks, compose, services, secretsScript) {
  for (const kind of ["networks", "secrets", "volumes"]) {
    const declared = Object.keys(compose[kind] ?? {});
    const used = services.flatMap(([, service]) =>
      kind === "volumes"
        ? (service.volumes ?? [])
            .map(mountOf)
            .filter(({ type }) => type === "volume")
            .map(({ source }) => source)
        : (service[kind] ?? []),
    );
    checks.none(
      `compose/${kind}`,
      [...used.filter((name) => !declared.includes(name)), ...declared.filter((name) => !used.includes(name))],
      `${kind} that are not declared, or not used`,
    );
  }
  const files = Object.values(compose.secrets ?? {}).map(({ file = "" }) => file);
  checks.none(
    "compose/secret-files",
    files.filter((file) => !file.startsWith("./secrets/") || !secretsScript.includes(file.slice("./secrets/".length))),
    "secrets are files in ./secrets that make-secrets.sh makes",
  );
}

function checkSecrecy(checks, compose, services) {
  const open = services.flatMap(([name, { environment = {} }]) =>
    Object.entries(environment)
      .filter(
        ([key, value]) =>
          (/pass|token|secret|_key$/i.test(key) && !/_file$/i.test(key)) || /:\/\/[^/@]*:[^/@]*@/.test(String(value)),
      )
      .map(([key]) => `${name} ${key}`),
  );
  checks.none("compose/no-secrets", open, "the environment shows in many places; hand secrets over as files");
  const missing = services.flatMap(([name, { environment = {}, command = [], secrets = [] }]) =>
    [...Object.values(environment), ...command]
      .flatMap((text) => [...String(text).matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, secret]) => secret))
      .filter((secret) => !secrets.includes(secret))
      .map((secret) => `${name} ${secret}`),
  );
  checks.none("compose/secrets-given", missing, "a file of a secret that the service is not given");
  const database = Object.entries(compose.services ?? {}).find(([, { image = "" }]) => /^postgres\b/.test(image))?.[1];
  const outside = (database?.networks ?? ["default"]).filter((name) => compose.networks?.[name]?.internal !== true);
  checks.check(
    "compose/database-inside",
    database !== undefined && database.ports === undefined && outside.length === 0,
    "PostgreSQL must be on internal networks only, and publish no port",
  );
  const agent = compose.services?.["site-agent"];
  const leaving = (agent?.networks ?? ["default"]).filter((name) => compose.networks?.[name]?.internal !== true);
  checks.check(
    "compose/agent-inside",
    agent?.ports === undefined && leaving.length === 0,
    "the agent reaches the coordinator and nothing else: internal networks, no port",
  );
  const writable = (agent?.volumes ?? []).map(mountOf).filter(({ type, readOnly }) => type === "bind" && !readOnly);
  checks.none(
    "compose/data-read-only",
    writable.map(({ target }) => target),
    "images are mounted with read_only: true",
  );
}

/** Commands, variables and ports agree with the programs. */
function checkPrograms(checks, compose, facts, images) {
  const verbs = { coordinator: "serve", "site-agent": "run" };
  for (const [name, verb] of Object.entries(verbs)) {
    const { command = [], environment = {}, volumes = [] } = compose.services?.[name] ?? {};
    checks.check("compose/verb", command[0] === verb, `${name} must run "${verb}"`);
    checks.none("compose/flags", unknownFlags(command, facts.flags[verb]), `"${verb}" has no such flags`);
    checks.none(
      "compose/environment",
      Object.keys(environment).filter((key) => !facts.environment.has(key)),
      `no program reads these variables of ${name}`,
    );
    const kept = volumes
      .map(mountOf)
      .filter(({ type }) => type === "volume")
      .map(({ target }) => target);
    checks.none(
      "compose/volume",
      (images[name]?.volumes ?? []).filter((volume) => !kept.includes(volume)),
      `${name} keeps these in no volume with a name`,
    );
  }
  const { command = [], ports = [], environment = {} } = compose.services?.coordinator ?? {};
  const inside = [flagValue(command, "--port"), ...ports.map((port) => String(port).split(":").at(-1))].map(Number);
  checks.check(
    "compose/port",
    inside.length === 2 && inside.every((port) => port === facts.port),
    `the coordinator's port inside is ${facts.port}, once in --port and once in ports`,
  );
  checks.check(
    "compose/loopback",
    ports.every((port) => /^127\.0\.0\.1:/.test(port)),
    "publish on 127.0.0.1 unless a variable says otherwise",
  );
  checks.check(
    "compose/tls",
    command.some((word) => word.startsWith("--tls-cert")) && !command.includes("--insecure-http"),
    "the coordinator must speak TLS",
  );
  const url = URL.canParse(environment.DATABASE_URL) ? new URL(environment.DATABASE_URL) : undefined;
  const { POSTGRES_USER, POSTGRES_DB } = compose.services?.[url?.hostname]?.environment ?? {};
  checks.check(
    "compose/database",
    url !== undefined && url.username === POSTGRES_USER && url.pathname === `/${POSTGRES_DB}` && url.port === "5432",
    "DATABASE_URL must lead to the PostgreSQL of this file, with its user and database",
  );
}
