// All checks of the deployment files, but for the replay.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkChart, checkRendering } from "./chart-rules.mjs";
import { codeFacts } from "./code-facts.mjs";
import { readCompose } from "./compose-file.mjs";
import { checkCompose } from "./compose-rules.mjs";
import { checkDockerfile } from "./dockerfile-rules.mjs";
import { dockerfileStages, runtimeOf } from "./dockerfile-stages.mjs";
import { ignores } from "./dockerignore.mjs";
import { checkDockerignore } from "./dockerignore-rules.mjs";
import { checkByTool, checkShell, checkYaml } from "./file-rules.mjs";
import { openRenderer, readChart, whyNoRendering } from "./render-chart.mjs";

const PROGRAMS = {
  coordinator: { verb: "serve", entry: "apps/coordinator/src/main.ts" },
  "site-agent": { verb: "run", entry: "apps/site-agent/src/main.ts" },
};
const CHART = "infra/helm/fedbaps-coordinator";

/**
 * @param {string} root the repository
 * @param {{tools?: boolean}} options `tools: false` leaves out everything that starts another program
 * @returns {{checks: import("./checks.mjs").Check[], skipped: string[]}}
 */
export function lintInfra(root, { tools = true } = {}) {
  const read = (file) => readFileSync(join(root, file), "utf8");
  const facts = codeFacts(root);
  const ignoreText = read(".dockerignore");
  const checks = checkDockerignore({ file: ".dockerignore", text: ignoreText });
  const skipped = [];
  const images = {};
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const file = `infra/docker/${name}.Dockerfile`;
    const text = read(file);
    images[name] = runtimeOf(dockerfileStages(text));
    checks.push(...checkDockerfile({ file, text, ignored: ignores(ignoreText), facts, ...program }));
  }
  const secretsScript = read("infra/scripts/make-secrets.sh");
  const file = "infra/compose.yaml";
  checks.push(...checkCompose({ file, compose: readCompose(join(root, file)), facts, images, secretsScript }));
  const chart = readChart(join(root, CHART));
  checks.push(...checkChart(CHART, chart, facts));
  for (const name of filesBelow(root, "infra", /\.ya?ml$/).filter((path) => !path.includes("/templates/")))
    checks.push(...checkYaml({ file: name, text: read(name) }));
  const scripts = filesBelow(root, "infra", /\.sh$/);
  for (const name of scripts) {
    const executable = (statSync(join(root, name)).mode & 0o111) !== 0;
    checks.push(...checkShell({ file: name, text: read(name), executable }));
  }
  if (!tools) return { checks, skipped: [...skipped, "what other programs say"] };

  const why = whyNoRendering();
  if (why !== undefined) skipped.push(`rendering the chart: ${why}`);
  else {
    const renderer = openRenderer(join(root, "infra/helm/render"));
    const render = (cases) => renderer.render(chart, cases);
    checks.push(...checkRendering(CHART, chart, render, facts, images.coordinator));
    renderer.close();
  }
  const ask = (name, command, init) => {
    const found = checkByTool(command, { cwd: root, ...init });
    if (found === undefined) skipped.push(`${init.rule}: ${name} is not installed`);
    else checks.push(...found);
  };
  for (const name of [...scripts, ".ci/run"])
    ask("Debian's shellcheck", ["shellcheck", name], { rule: "shell/shellcheck", file: name });
  ask("Debian's docker-compose", ["docker-compose", "-f", file, "--profile", "site", "config", "--quiet"], {
    rule: "compose/schema",
    file,
  });
  for (const name of filesBelow(root, "infra/systemd", /\.service$/))
    ask("systemd", ["systemd-analyze", "verify", "--man=no", name], {
      rule: "systemd/verify",
      file: name,
      own: /fedbaps/,
    });
  return { checks, skipped: [...new Set(skipped)] };
}

function filesBelow(root, folder, pattern) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length).replace(/^\//, ""))
    .filter((path) => !/\/(node_modules|dist|secrets)\//.test(path))
    .sort();
}
