import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { broken, linterModule, replaced, root } from "./support.js";

const { checkChart, checkRendering } = await linterModule("chart-rules");
const { checkKubernetes } = await linterModule("kubernetes-rules");
const { GOOD_CASES, BAD_CASES } = await linterModule("chart-cases");
const { mergeValues, openRenderer, readChart, whyNoRendering } = await linterModule("render-chart");
const { schemaFaults } = await linterModule("json-schema");
const { codeFacts } = await linterModule("code-facts");
const { dockerfileStages, runtimeOf } = await linterModule("dockerfile-stages");

const facts = codeFacts(root);
const image = runtimeOf(dockerfileStages(readFileSync(`${root}/infra/docker/coordinator.Dockerfile`, "utf8")));
const chart = () => structuredClone(readChart(`${root}/infra/helm/fedbaps-coordinator`));
const whyNot = whyNoRendering();
if (whyNot !== undefined) console.warn(`skipped: rendering the chart: ${whyNot}`);
const withGo = whyNot === undefined ? it : it.skip;
const renderer = whyNot === undefined ? openRenderer(`${root}/infra/helm/render`) : undefined;
afterAll(() => renderer?.close());

describe("the chart's own files", () => {
  it("break no rule", () => {
    expect(broken(checkChart("chart", chart(), facts))).toEqual([]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
  const cases: [string, (of: any) => void][] = [
    ["chart/version", ({ chart }) => (chart.appVersion = "0.0.9")],
    ["chart/api", ({ chart }) => delete chart.kubeVersion],
    ["chart/values", ({ values }) => (values.replicaCount = "1")],
    ["chart/schema", ({ values }) => (values.ingress.tlsSecrets = "")],
    ["chart/schema", ({ schema }) => (schema.properties.nodeSelectors = { type: "object" })],
    ["chart/known-values", ({ values }) => delete values.persistence.size],
    ["chart/used-values", ({ values }) => (values.service.nodePort = 1)],
    ["chart/no-secrets", ({ values }) => (values.database.password = "x")],
  ];
  it.each(cases)("%s is found broken", (rule, spoil) => {
    const spoilt = chart();
    spoil(spoilt);
    expect(broken(checkChart("chart", spoilt, facts))).toContain(rule);
  });

  it("refuse values by their schema", () => {
    const { schema, values } = chart();
    const faults = (user: object) => schemaFaults(schema, mergeValues(values, user));
    expect(faults({})).toEqual([]);
    expect(faults({ image: { digest: "sha256:1" } })).toEqual([expect.stringContaining("image.digest: must match")]);
    expect(faults({ image: { tag: "latest" } })).toEqual(["image.tag: must not be latest"]);
    expect(faults({ replicaCount: 17 })).toEqual(["replicaCount: is more than 16"]);
    expect(faults({ persistance: {} })).toEqual(["persistance: is no value of this chart"]);
    expect(faults({ database: { sslMode: "prefer", port: 0 } })).toHaveLength(2);
    expect(faults({ imagePullSecrets: [{}] })).toEqual(["imagePullSecrets[0]: lacks name"]);
    expect(schemaFaults({ type: "string", format: "uri" }, "x")).toEqual(["values: the schema uses format"]);
  });
});

describe("what it renders to", () => {
  const golden = readFileSync(`${root}/tests/vectors/helm-chart.yaml`, "utf8");
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes' objects
  type Objects = Record<string, any>;
  const documents = () => parseAllDocuments(golden, { version: "1.1" }).map((document) => document.toJS()) as Objects[];
  const check = (objects: Objects[]) => broken(checkKubernetes({ file: "chart", documents: objects, facts, image }));

  it("breaks no rule", () => {
    expect(check(documents())).toEqual([]);
  });

  type Spoil = (of: Objects, container: Objects, all: Objects[]) => void;
  const cases: [string, Spoil][] = [
    ["k8s/fields", (_, { securityContext }) => (securityContext.readOnlyRootFilesystems = true)],
    ["k8s/fields", ({ Deployment }) => (Deployment.apiVersion = "extensions/v1beta1")],
    ["k8s/names", ({ Service }) => (Service.metadata.name = "Fed_BAPS")],
    ["k8s/once", ({ Service }, _, all) => all.push(Service)],
    [
      "k8s/deployment",
      (_, __, all) =>
        all.splice(
          all.findIndex(({ kind }) => kind === "Deployment"),
          1,
        ),
    ],
    ["k8s/selector", ({ Deployment }) => (Deployment.spec.selector.matchLabels = { app: "other" })],
    ["k8s/recreate", ({ Deployment }) => (Deployment.spec.strategy.type = "RollingUpdate")],
    ["k8s/user", ({ Deployment }) => (Deployment.spec.template.spec.securityContext.runAsUser = 1000)],
    ["k8s/user", ({ Deployment }) => delete Deployment.spec.template.spec.securityContext.runAsNonRoot],
    ["k8s/read-only", (_, { securityContext }) => (securityContext.readOnlyRootFilesystem = false)],
    ["k8s/privileges", (_, { securityContext }) => delete securityContext.allowPrivilegeEscalation],
    ["k8s/capabilities", (_, { securityContext }) => (securityContext.capabilities.drop = ["NET_RAW"])],
    ["k8s/seccomp", ({ Deployment }) => delete Deployment.spec.template.spec.securityContext.seccompProfile],
    ["k8s/links", ({ Deployment }) => delete Deployment.spec.template.spec.enableServiceLinks],
    ["k8s/verb", (_, { args }) => args.shift()],
    ["k8s/flags", (_, { args }) => args.push("--verbose")],
    ["k8s/environment", (_, { env }) => env.push({ name: "FEDBAPS_PORT", value: "1" })],
    ["k8s/no-secrets", (_, { env }) => (env[0].value = "postgres://fedbaps:x@db/fedbaps")],
    ["k8s/port", (_, { ports }) => (ports[0].containerPort = 80)],
    ["k8s/probes", (_, { readinessProbe }) => (readinessProbe.httpGet.path = "/ready")],
    ["k8s/probes", (_, { livenessProbe }) => (livenessProbe.httpGet.scheme = "HTTP")],
    ["k8s/volumes", (_, { volumeMounts }) => (volumeMounts[0].name = "home")],
    ["k8s/writable", (_, { volumeMounts }) => (volumeMounts[1].mountPath = "/var/tmp")],
    ["k8s/secrets-read-only", (_, { volumeMounts }) => delete volumeMounts[2].readOnly],
    ["k8s/files", (_, { volumeMounts }) => (volumeMounts[2].mountPath = "/etc/certificates")],
    [
      "k8s/home",
      ({ Deployment }) =>
        (Deployment.spec.template.spec.volumes[0] = { name: "data", persistentVolumeClaim: { claimName: "x" } }),
    ],
    [
      "k8s/claim",
      (_, __, all) => all.push({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "x" }, spec: {} }),
    ],
    ["k8s/limits", (_, { resources }) => delete resources.limits],
    ["k8s/pinned", (_, container) => (container.image = "fedbaps/coordinator:latest")],
    ["k8s/service", ({ Service }) => (Service.spec.ports[0].targetPort = "http")],
    ["k8s/ingress", ({ Ingress }) => (Ingress.spec.rules[0].http.paths[0].backend.service.port.name = "http")],
    ["k8s/ingress-tls", ({ Ingress }) => (Ingress.spec.tls[0].hosts = ["other.example.org"])],
    ["k8s/ingress-timeout", ({ Ingress }) => (Ingress.metadata.annotations = {})],
    ["k8s/ingress-trust", (_, { args }) => args.splice(args.indexOf("--trust-proxy"), 3)],
    ["k8s/network", ({ NetworkPolicy }) => (NetworkPolicy.spec.ingress = [{}])],
    ["k8s/network-out", ({ NetworkPolicy }) => NetworkPolicy.spec.egress.push({})],
    ["k8s/budget", ({ PodDisruptionBudget }) => (PodDisruptionBudget.spec.selector.matchLabels = {})],
    ["k8s/monitor", ({ ServiceMonitor }) => (ServiceMonitor.spec.endpoints[0].path = "/prometheus")],
    ["k8s/service-account", ({ ServiceAccount }) => delete ServiceAccount.automountServiceAccountToken],
  ];
  it.each(cases)("%s is found broken", (rule, spoil) => {
    const all = documents();
    const byKind = Object.fromEntries(all.map((one) => [one.kind, one]));
    spoil(byKind, byKind.Deployment.spec.template.spec.containers[0], all);
    expect(check(all)).toContain(rule);
  });

  withGo("is what is kept in tests/vectors", async () => {
    const { renderedChart } = await import(`${root}/tests/vectors/helm-chart.mjs`);
    expect(renderedChart(renderer)).toBe(golden);
  });

  withGo("is found wrong where a template is", () => {
    const of = chart();
    const file = "templates/deployment.yaml";
    const spoilt = (from: string, to: string) => {
      const templates = { ...of.templates, [file]: replaced(of.templates[file], from, to) };
      const render = (cases: object[]) => renderer.render({ ...of, templates }, cases);
      return broken(checkRendering("chart", of, render, facts, image));
    };
    expect(spoilt("replicas: {{", "replicas: {{{")).toEqual(expect.arrayContaining(["chart/renders", "chart/refuses"]));
    expect(spoilt("    spec:\n", "   spec:\n")).toContain("chart/yaml");
    expect(spoilt('{{- include "coordinator.check" . }}', "")).toEqual(["chart/refuses"]);
    expect(spoilt("{{ .Values.replicaCount }}", "{{ .Values.resources }}")).toContain("chart/no-leftovers");
    expect(spoilt("kind: Deployment", "kind: StatefulSet")).toContain("chart/kinds");
  });

  it("is asked for enough: every rule of the chart's own checks has a case that it refuses", () => {
    const { templates } = chart();
    const messages = [
      ...Object.values<string>(templates)
        .join("\n")
        .matchAll(/(?:fail|required) "([^"]+)"/g),
    ];
    const unasked = messages.filter(([, text]) => !BAD_CASES.some(({ says }: { says: string }) => text.includes(says)));
    expect(unasked.map(([, text]) => text)).toEqual([]);
    expect(GOOD_CASES.length).toBeGreaterThan(3);
  });
});
