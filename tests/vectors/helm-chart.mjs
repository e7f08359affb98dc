// Writes tests/vectors/helm-chart.yaml: the chart rendered with everything switched on. Needs what render-chart.mjs names.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GOOD_CASES } from "../../infra/scripts/lint-infra/chart-cases.mjs";
import { mergeValues, openRenderer, readChart } from "../../infra/scripts/lint-infra/render-chart.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** @param {ReturnType<typeof openRenderer>} renderer @returns {string} one document after the other */
export function renderedChart(renderer) {
  const chart = readChart(`${root}infra/helm/fedbaps-coordinator`);
  const { values } = GOOD_CASES.find(({ name }) => name.includes("everything"));
  const [{ rendered, error }] = renderer.render(chart, [mergeValues(chart.values, values)]);
  if (error !== undefined) throw new Error(error);
  const texts = Object.entries(rendered).filter(([name, text]) => name.endsWith(".yaml") && text.trim() !== "");
  return texts.map(([name, text]) => `---\n# ${name}\n${text.trim()}\n`).join("");
}

if (process.argv[1] === import.meta.filename) {
  const renderer = openRenderer(`${root}infra/helm/render`);
  writeFileSync(new URL("helm-chart.yaml", import.meta.url), renderedChart(renderer));
  renderer.close();
}
