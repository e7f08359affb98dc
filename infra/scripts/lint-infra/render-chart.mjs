// Renders a Helm chart as `helm template` would, by the small Go program in infra/helm/render.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

/** Where Debian puts Go's libraries. */
const LIBRARIES = "/usr/share/gocode";

/** @returns {string | undefined} why nothing can be rendered here */
export function whyNoRendering() {
  if (spawnSync("go", ["version"]).status !== 0) return "Debian's golang-go is not installed";
  const missing = ["github.com/Masterminds/sprig", "sigs.k8s.io/yaml"].filter(
    (name) => !existsSync(`${LIBRARIES}/src/${name}`),
  );
  return missing.length === 0
    ? undefined
    : "Debian's golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev are not installed";
}

/** @param {string} folder of the chart */
export function readChart(folder) {
  const names = readdirSync(join(folder, "templates"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return {
    chart: parse(readFileSync(join(folder, "Chart.yaml"), "utf8")),
    values: parse(readFileSync(join(folder, "values.yaml"), "utf8")),
    schema: JSON.parse(readFileSync(join(folder, "values.schema.json"), "utf8")),
    templates: Object.fromEntries(
      names.map(({ name }) => [`templates/${name}`, readFileSync(join(folder, "templates", name), "utf8")]),
    ),
  };
}

/** What the user's values make of the chart's: objects are merged, everything else is replaced. */
export function mergeValues(chart, user) {
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const merged = { ...chart };
  for (const [key, value] of Object.entries(user))
    merged[key] = isObject(value) && isObject(chart[key]) ? mergeValues(chart[key], value) : value;
  return merged;
}

/**
 * Compiles the Go program.
 * @param {string} program its folder
 * @returns {{render: (chart: ReturnType<typeof readChart>, valuesOfCases: object[]) =>
 *   ({rendered: Record<string, string>} | {error: string})[], close: () => void}} `valuesOfCases`: already merged
 */
export function openRenderer(program) {
  const work = mkdtempSync(join(tmpdir(), "fedbaps-render-"));
  const close = () => rmSync(work, { recursive: true, force: true });
  const binary = join(work, "render");
  // Debian's libraries have no module files. Nothing is fetched.
  const settings = { GO111MODULE: "off", GOPATH: LIBRARIES, GOFLAGS: "", GOTOOLCHAIN: "local", GOPROXY: "off" };
  try {
    execFileSync("go", ["build", "-o", binary, "."], {
      cwd: program,
      env: { ...process.env, ...settings },
      stdio: ["ignore", "ignore", "inherit"],
    });
  } catch (error) {
    close();
    throw error;
  }
  const render = ({ chart, templates }, valuesOfCases) => {
    // Helm writes the names of Chart.yaml's fields with capitals.
    const named = Object.entries(chart).map(([key, value]) => [
      key === "apiVersion" ? "APIVersion" : key[0].toUpperCase() + key.slice(1),
      value,
    ]);
    const release = { Name: "trial", Namespace: "fedbaps", Service: "Helm", IsInstall: true, IsUpgrade: false };
    const about = { templates, chart: Object.fromEntries(named), release };
    const input = JSON.stringify(valuesOfCases.map((values) => ({ ...about, values })));
    return JSON.parse(execFileSync(binary, { input, encoding: "utf8", maxBuffer: 2 ** 26 }));
  };
  return { render, close };
}
