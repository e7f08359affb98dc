// Rules for our Dockerfiles. A rule's name is what a test breaks.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Checks } from "./checks.mjs";
import { flagValue, importedPackages, isPinned, unknownFlags } from "./code-facts.mjs";
import { dockerfileStages, lineage, runtimeOf, settings } from "./dockerfile-stages.mjs";

const { validate } = createRequire(import.meta.url)("dockerfile-utils");

/**
 * @param {object} input
 * @param {string} input.file its name, from the root
 * @param {string} input.text
 * @param {(path: string) => boolean} input.ignored by .dockerignore
 * @param {ReturnType<import("./code-facts.mjs").codeFacts>} input.facts
 * @param {"serve" | "run"} input.verb that the image runs
 * @param {string} input.entry the program's first source file
 */
export function checkDockerfile({ file, text, ignored, facts, verb, entry }) {
  const checks = new Checks(file);
  const problems = validate(text).map(({ range, message }) => `line ${range.start.line + 1} ${message}`);
  checks.none("dockerfile/valid", problems, "dockerfile-utils finds faults");
  const stages = dockerfileStages(text);
  if (stages.length === 0) return checks.all;
  const last = stages.at(-1);
  const every = stages.flatMap(({ instructions }) => instructions);
  const runs = every.filter(({ keyword }) => keyword === "RUN");
  const runtime = runtimeOf(stages);

  checkBases(checks, stages);
  const tools = last.instructions.filter(
    ({ keyword, text: said }) => keyword === "RUN" && /\b(npm (ci|install)|tsc)\b/.test(said),
  );
  checks.check(
    "dockerfile/multi-stage",
    stages.length > 1 && tools.length === 0,
    "the last stage must not build; build in a stage before",
  );
  checkUser(checks, last, runtime);
  checkCopies(checks, stages, { ignored, facts });
  checkSecrets(checks, every);

  const loose = runs
    .filter(({ text: said }) => /\bnpm (install|i)\b|\bnpm ci\b(?!.*--ignore-scripts)/.test(said))
    .map(({ line }) => `line ${line}`);
  checks.none(
    "dockerfile/locked",
    loose,
    "install with npm ci --ignore-scripts, which keeps to the lock file and runs nobody's code",
  );
  const fetched = every.filter(
    ({ keyword, text: said }) => keyword === "ADD" || (keyword === "RUN" && /\b(curl|wget|git clone)\b/.test(said)),
  );
  checks.none(
    "dockerfile/no-download",
    fetched.map(({ line }) => `line ${line}`),
    "fetch nothing but packages of the lock file; copy with COPY",
  );

  const json = (keyword) => last.instructions.find((one) => one.keyword === keyword)?.text.startsWith("[") ?? false;
  checks.check(
    "dockerfile/exec-form",
    json("ENTRYPOINT") && json("CMD"),
    "write ENTRYPOINT and CMD as JSON: a shell would keep signals from the program",
  );
  const unknown = Object.keys(runtime.env).filter((name) => !facts.environment.has(name));
  checks.none("dockerfile/environment", unknown, "no program reads these variables");
  checks.none("dockerfile/flags", unknownFlags(runtime.command, facts.flags[verb]), `"${verb}" has no such flags`);
  checkHealth(checks, stages, runtime, facts);
  if (verb === "serve") {
    const ports = [
      ...runtime.ports,
      Number(flagValue(runtime.command, "--port")),
      Number(runtime.healthcheck?.words.at(-1)),
    ];
    checks.check(
      "dockerfile/port",
      ports.length === 3 && ports.every((port) => port === facts.port),
      `EXPOSE, --port and the health check must all say ${facts.port}`,
    );
  } else {
    checks.check("dockerfile/no-port", runtime.ports.length === 0, "nothing connects to an agent: no EXPOSE");
    checks.check("dockerfile/telemetry", runtime.env.ORT_DISABLE_TELEMETRY === "1", "set ENV ORT_DISABLE_TELEMETRY=1");
  }
  const home = runtime.env.FEDBAPS_HOME ?? runtime.env.HOME ?? "";
  checks.check(
    "dockerfile/volume",
    runtime.volumes.some((volume) => home === volume || home.startsWith(`${volume}/`)),
    "the program's home must lie in a VOLUME",
  );
  checks.check(
    "dockerfile/stop-signal",
    runtime.stopSignal === "SIGTERM",
    "say STOPSIGNAL SIGTERM: the programs stop in order at it",
  );
  const labels = Object.assign({}, ...last.instructions.filter(({ keyword }) => keyword === "LABEL").map(settings));
  const wanted = ["title", "description", "version", "licenses"].map((name) => `org.opencontainers.image.${name}`);
  checks.none(
    "dockerfile/labels",
    wanted.filter((name) => !labels[name]),
    "labels are missing",
  );
  checks.check(
    "dockerfile/version",
    labels[wanted[2]] === facts.version,
    `the label's version must be ${facts.version}, as package.json's`,
  );
  const needed = importedPackages(facts.root, entry);
  const removed = runs
    .flatMap(({ words }) => (words.includes("uninstall") ? words : []))
    .filter((word) => needed.has(word));
  // tfjs-node is asked for, and done without where it is not there.
  checks.none(
    "dockerfile/needed-packages",
    removed.filter((name) => name !== "@tensorflow/tfjs-node"),
    "the program imports what is uninstalled",
  );
  return checks.all;
}

function checkBases(checks, stages) {
  const names = stages.map(({ name }) => name);
  const loose = stages.filter(({ base }, index) => !names.slice(0, index).includes(base) && !isPinned(base));
  checks.none(
    "dockerfile/pinned",
    loose.map(({ base, line }) => `line ${line} ${base}`),
    "name the base image's version",
  );
}

function checkUser(checks, last, { user }) {
  checks.check(
    "dockerfile/user",
    /^[1-9]\d{3,}:[1-9]\d{3,}$/.test(user ?? ""),
    "end with USER UID:GID, both numbers above 1000: Kubernetes cannot tell of names that they are not root",
  );
  const from = last.instructions.findIndex(({ keyword }) => keyword === "USER");
  const after = last.instructions.slice(from + 1).filter(({ keyword }) => ["RUN", "COPY", "USER"].includes(keyword));
  checks.none(
    "dockerfile/user-last",
    from < 0 ? [] : after.map(({ keyword, line }) => `line ${line} ${keyword}`),
    "what is installed belongs to root: put it before USER",
  );
}

function checkCopies(checks, stages, { ignored, facts }) {
  const faults = [];
  stages.forEach((stage, index) => {
    for (const { keyword, words, flags, line } of stage.instructions) {
      if (keyword !== "COPY") continue;
      if (flags.from !== undefined) {
        if (!stages.slice(0, index).some(({ name }) => name === flags.from))
          faults.push(`line ${line} --from=${flags.from} is no stage before it`);
        continue;
      }
      for (const source of words.slice(0, -1)) {
        if (source === "." || source.includes("*")) faults.push(`line ${line} ${source} says not what is copied`);
        else if (!existsSync(join(facts.root, source))) faults.push(`line ${line} ${source} does not exist`);
        // A folder is ignored where a file in it would be.
        else if (ignored(source) || ignored(`${source}/x`))
          faults.push(`line ${line} ${source} is kept out by .dockerignore`);
      }
    }
  });
  checks.none("dockerfile/copy", faults, "COPY");
  const installs = stages.filter(({ instructions }) =>
    instructions.some(({ keyword, text }) => keyword === "RUN" && /\bnpm ci\b/.test(text)),
  );
  const missing = installs.flatMap((stage) => {
    const copied = lineage(stages, stage).flatMap(({ instructions }) =>
      instructions
        .filter(({ keyword, flags }) => keyword === "COPY" && flags.from === undefined)
        .flatMap(({ words }) => words),
    );
    return [
      "package.json",
      "package-lock.json",
      ".npmrc",
      ...facts.workspaces.map((folder) => `${folder}/package.json`),
    ].filter((name) => !copied.includes(name));
  });
  checks.none("dockerfile/manifests", [...new Set(missing)], "npm ci needs these before it");
}

function checkSecrets(checks, every) {
  const named = every
    .filter(({ keyword }) => keyword === "ENV" || keyword === "ARG")
    .flatMap((one) => [...Object.keys(settings(one)), ...one.words]);
  const secret = named.filter((name) => /pass(word)?|token|secret|credential|api_?key/i.test(name.split("=")[0]));
  checks.none(
    "dockerfile/no-secrets",
    [...new Set(secret)],
    "what ENV and ARG say stays in the image; hand secrets over as files when it runs",
  );
}

function checkHealth(checks, stages, { healthcheck }, { root }) {
  const words = healthcheck?.words ?? [];
  const script = words.find((word) => word.endsWith(".mjs")) ?? "";
  const path = script.replace(/^\/app\//, "");
  const copied = stages
    .at(-1)
    .instructions.some(({ keyword, words: sources }) => keyword === "COPY" && sources.includes(path));
  const exec = healthcheck !== undefined && /^CMD\s*\[/.test(healthcheck.text);
  checks.check(
    "dockerfile/health",
    exec && words[0] === "node" && copied && existsSync(join(root, path)),
    'say HEALTHCHECK CMD ["node", "/app/..."] with a script that the last stage copies',
  );
  const times = ["interval", "timeout", "start-period", "retries"].filter(
    (name) => healthcheck?.flags[name] === undefined,
  );
  checks.none("dockerfile/health-times", times, "say these of the health check");
}
