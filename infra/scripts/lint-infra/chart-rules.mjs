// Rules for the Helm chart: its own files, and what it renders to.
import { parseAllDocuments } from "yaml";
import { BAD_CASES, GOOD_CASES } from "./chart-cases.mjs";
import { Checks } from "./checks.mjs";
import { schemaFaults } from "./json-schema.mjs";
import { checkKubernetes } from "./kubernetes-rules.mjs";
import { mergeValues } from "./render-chart.mjs";

/** Versions, values and schema. @param {string} file @param {ReturnType<import("./render-chart.mjs").readChart>} chart */
export function checkChart(file, { chart, values, schema, templates }, facts) {
  const checks = new Checks(file);
  checks.check(
    "chart/version",
    chart.version === facts.version && chart.appVersion === facts.version,
    `version and appVersion must be ${facts.version}, as package.json's`,
  );
  checks.check(
    "chart/api",
    chart.apiVersion === "v2" && chart.type === "application" && typeof chart.kubeVersion === "string",
    "apiVersion v2, type application, and a kubeVersion",
  );
  checks.none("chart/values", schemaFaults(schema, values), "values.yaml breaks values.schema.json");
  const { global: _, ...known } = schema.properties;
  checks.none("chart/schema", differences(known, values), "in one of values.yaml and values.schema.json only");
  const used = Object.values(templates).flatMap((text) =>
    [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, path]) => path),
  );
  checks.none(
    "chart/known-values",
    used.filter((path) => valueAt(values, path) === undefined),
    "templates use values that values.yaml lacks",
  );
  // A template may take a whole object, or put it in a variable.
  const touched = (path) =>
    used.some((one) => one === path || one.startsWith(`${path}.`) || path.startsWith(`${one}.`));
  checks.none(
    "chart/used-values",
    leaves(values).filter((path) => !touched(path)),
    "no template uses these values",
  );
  const secret = leaves(values).filter((path) => /(password|token)$/i.test(path) && valueAt(values, path) !== "");
  checks.none("chart/no-secrets", secret, "values are stored in the clear in the cluster; name a secret");
  return checks.all;
}

/** What the good cases make, and that the bad ones are refused. @param {(values: object[]) => any[]} render */
export function checkRendering(file, { values, schema }, render, facts, image) {
  const cases = [...GOOD_CASES, ...BAD_CASES];
  const merged = cases.map((one) => mergeValues(values, one.values));
  const answers = render(merged);
  return cases.flatMap(({ name, kinds, says }, index) => {
    const checks = new Checks(`${file} (${name})`);
    checks.none("chart/values", schemaFaults(schema, merged[index]), "the case breaks values.schema.json");
    const { rendered, error } = answers[index];
    if (says !== undefined) {
      checks.check(
        "chart/refuses",
        error?.includes(says) ?? false,
        `must be refused with "${says}", and ${error ?? "is not"}`,
      );
      return checks.all;
    }
    checks.check("chart/renders", error === undefined, error ?? "");
    if (rendered === undefined) return checks.all;
    const texts = Object.entries(rendered).filter(([path]) => path.endsWith(".yaml"));
    const left = Object.entries(rendered).filter(([, text]) => /\{\{|<no value>|%!|map\[/.test(text));
    checks.none(
      "chart/no-leftovers",
      left.map(([path]) => path),
      "something was not filled in",
    );
    // As Kubernetes reads it: YAML 1.1, where 0440 is octal.
    const parsed = texts.flatMap(([, text]) => parseAllDocuments(text, { version: "1.1" }));
    checks.none(
      "chart/yaml",
      parsed.flatMap(({ errors }) => errors.map(({ message }) => message)),
      "not YAML",
    );
    if (parsed.some(({ errors }) => errors.length > 0)) return checks.all;
    const documents = parsed.map((document) => document.toJS()).filter((document) => document !== null);
    const made = documents
      .map(({ kind }) => kind)
      .sort()
      .join(" ");
    checks.check("chart/kinds", made === kinds, `makes ${made} and not ${kinds}`);
    return [...checks.all, ...checkKubernetes({ file: checks.file, documents, facts, image })];
  });
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Paths of all values that are no objects; an empty object is one. */
function leaves(values, path = "") {
  return Object.entries(values).flatMap(([key, value]) => {
    const name = path === "" ? key : `${path}.${key}`;
    return isObject(value) && Object.keys(value).length > 0 && !FREE.includes(name) ? leaves(value, name) : [name];
  });
}

/** Objects whose keys are the user's. */
const FREE = ["ingress.annotations", "resources"];

function valueAt(values, path) {
  return path.split(".").reduce((value, key) => value?.[key], values);
}

/** Names that are in the schema or in the values only. */
function differences(properties, values, path = "") {
  const names = new Set([...Object.keys(properties), ...Object.keys(values)]);
  return [...names].flatMap((key) => {
    const name = path === "" ? key : `${path}.${key}`;
    if (!(key in properties) || !(key in values)) return [name];
    const inner = properties[key].properties;
    return inner !== undefined && isObject(values[key]) ? differences(inner, values[key], name) : [];
  });
}
