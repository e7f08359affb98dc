// Rules for the objects that the chart makes.
import { Checks } from "./checks.mjs";
import { isPinned, unknownFlags } from "./code-facts.mjs";
import { unknownFields } from "./kubernetes-fields.mjs";
import { checkIngress, checkNetwork, covers } from "./kubernetes-network-rules.mjs";

/**
 * @param {object} input
 * @param {string} input.file which case of the chart, for people
 * @param {any[]} input.documents rendered and parsed
 * @param {ReturnType<import("./code-facts.mjs").codeFacts>} input.facts
 * @param {{user: string, volumes: string[], env: Record<string, string>}} input.image what the Dockerfile says
 */
export function checkKubernetes({ file, documents, facts, image }) {
  const checks = new Checks(file);
  const of = (kind) => documents.filter((document) => document.kind === kind);
  checks.none("k8s/fields", documents.flatMap(unknownFields), "no such fields");
  const names = documents.filter(({ metadata }) => !/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata?.name ?? ""));
  checks.none(
    "k8s/names",
    names.map(({ kind }) => kind),
    "names must be labels of DNS",
  );
  const twice = documents
    .map(({ kind, metadata }) => `${kind} ${metadata?.name}`)
    .filter((name, index, all) => all.indexOf(name) !== index);
  checks.none("k8s/once", twice, "made twice");

  const [deployment, ...more] = of("Deployment");
  checks.check("k8s/deployment", deployment !== undefined && more.length === 0, "there must be one Deployment");
  if (deployment === undefined) return checks.all;
  const { template, selector, strategy, replicas } = deployment.spec;
  const { metadata: { labels } = {}, spec: pod } = template ?? {};
  const [container] = pod?.containers ?? [];
  checks.check("k8s/container", container !== undefined, "the Deployment has no container");
  if (container === undefined) return checks.all;
  checks.check("k8s/selector", covers(labels, selector.matchLabels), "the selector must be among the pod's labels");
  checks.check(
    "k8s/recreate",
    strategy?.type === "Recreate",
    "use strategy Recreate: two versions must not share a database",
  );
  checkSecurity(checks, pod, container, image);
  checkProgram(checks, container, facts);
  checkProbes(checks, container, facts);
  checkVolumes(checks, pod, container, image, { replicas, claims: of("PersistentVolumeClaim") });
  checks.check(
    "k8s/limits",
    container.resources?.limits?.memory !== undefined && container.resources?.requests?.memory !== undefined,
    "request and limit memory",
  );
  checks.check("k8s/pinned", isPinned(container.image), "name the image's version");

  const ports = (container.ports ?? []).map(({ name }) => name);
  const service = of("Service")[0];
  checks.check(
    "k8s/service",
    service !== undefined &&
      covers(labels, service.spec.selector) &&
      service.spec.ports.every(({ targetPort }) => ports.includes(targetPort)),
    "the service must lead to the pod's port",
  );
  for (const ingress of of("Ingress")) checkIngress(checks, ingress, service, container);
  for (const policy of of("NetworkPolicy")) checkNetwork(checks, policy, labels, ports, container);
  for (const budget of of("PodDisruptionBudget"))
    checks.check(
      "k8s/budget",
      covers(labels, budget.spec.selector.matchLabels) && replicas > 1,
      "a budget for one pod keeps its node from being emptied",
    );
  for (const monitor of of("ServiceMonitor")) {
    const [endpoint] = monitor.spec.endpoints;
    const named = service.spec.ports.some(({ name }) => name === endpoint.port);
    checks.check(
      "k8s/monitor",
      facts.routes.has(endpoint.path) &&
        named &&
        endpoint.authorization !== undefined &&
        covers(service.metadata.labels, monitor.spec.selector.matchLabels),
      "metrics are at /metrics of the service's port, with a token",
    );
  }
  const account = of("ServiceAccount").find(({ metadata }) => metadata.name === pod.serviceAccountName);
  checks.check(
    "k8s/service-account",
    pod.automountServiceAccountToken === false &&
      (account === undefined || account.automountServiceAccountToken === false),
    "mount no token: the coordinator asks nothing of the cluster",
  );
  return checks.all;
}

/** The restricted standard of https://kubernetes.io/docs/concepts/security/pod-security-standards/, and a root that is read-only. */
function checkSecurity(checks, pod, container, { user }) {
  const of = pod.securityContext ?? {};
  const own = container.securityContext ?? {};
  const [uid, gid] = user.split(":").map(Number);
  checks.check(
    "k8s/user",
    of.runAsNonRoot === true && of.runAsUser === uid && of.runAsGroup === gid && of.fsGroup === gid,
    `run as ${user}, the image's user`,
  );
  checks.check("k8s/read-only", own.readOnlyRootFilesystem === true, "set readOnlyRootFilesystem: true");
  checks.check(
    "k8s/privileges",
    own.allowPrivilegeEscalation === false && own.privileged !== true,
    "set allowPrivilegeEscalation: false",
  );
  checks.check("k8s/capabilities", own.capabilities?.drop?.includes("ALL") ?? false, "drop ALL capabilities");
  checks.check("k8s/seccomp", of.seccompProfile?.type === "RuntimeDefault", "set seccompProfile RuntimeDefault");
  checks.check(
    "k8s/links",
    pod.enableServiceLinks === false,
    "set enableServiceLinks: false: the variables would name other services",
  );
}

function checkProgram(checks, { args = [], env = [], ports = [] }, facts) {
  checks.check("k8s/verb", args[0] === "serve", `run "serve"`);
  checks.none("k8s/flags", unknownFlags(args, facts.flags.serve), `"serve" has no such flags`);
  checks.none(
    "k8s/environment",
    env.map(({ name }) => name).filter((name) => !facts.environment.has(name)),
    "no program reads these variables",
  );
  const open = env.filter(
    ({ name, value = "" }) =>
      (/pass|token|secret/i.test(name) && !name.endsWith("_FILE")) || /:\/\/[^/@]*:[^/@]*@/.test(value),
  );
  checks.none(
    "k8s/no-secrets",
    open.map(({ name }) => name),
    "hand secrets over as files",
  );
  const given = args.find((word) => word.startsWith("--port="))?.slice("--port=".length);
  checks.check(
    "k8s/port",
    ports.length === 1 && ports[0].containerPort === facts.port && Number(given) === facts.port,
    `the port is ${facts.port}, in --port and in containerPort`,
  );
}

function checkProbes(checks, container, facts) {
  const kinds = { startupProbe: "/healthz", livenessProbe: "/healthz", readinessProbe: "/readyz" };
  const scheme = container.args.some((word) => word.startsWith("--tls-cert")) ? "HTTPS" : "HTTP";
  const ports = (container.ports ?? []).map(({ name }) => name);
  const wrong = Object.entries(kinds).filter(([kind, path]) => {
    const { httpGet } = container[kind] ?? {};
    return (
      httpGet?.path !== path || !facts.routes.has(path) || httpGet.scheme !== scheme || !ports.includes(httpGet.port)
    );
  });
  checks.none(
    "k8s/probes",
    wrong.map(([kind]) => kind),
    `ask /healthz and /readyz of the port by ${scheme}`,
  );
}

function checkVolumes(checks, pod, container, image, { replicas, claims }) {
  const volumes = (pod.volumes ?? []).map(({ name }) => name);
  const mounts = container.volumeMounts ?? [];
  const used = mounts.map(({ name }) => name);
  checks.none(
    "k8s/volumes",
    [...used.filter((name) => !volumes.includes(name)), ...volumes.filter((name) => !used.includes(name))],
    "volumes that are not there, or not mounted",
  );
  const paths = mounts.map(({ mountPath }) => mountPath);
  checks.none(
    "k8s/writable",
    ["/tmp", ...image.volumes].filter((path) => !paths.includes(path)),
    "the program writes here: mount a volume",
  );
  const secrets = (pod.volumes ?? []).filter(({ secret }) => secret !== undefined).map(({ name }) => name);
  checks.none(
    "k8s/secrets-read-only",
    mounts.filter(({ name, readOnly }) => secrets.includes(name) && readOnly !== true).map(({ name }) => name),
    "mount secrets read-only",
  );
  const files = [...container.args, ...(container.env ?? []).map(({ value = "" }) => value)].flatMap((text) =>
    [...text.matchAll(/(?:=|^)(\/etc\/[\w./-]+)/g)].map(([, path]) => path),
  );
  checks.none(
    "k8s/files",
    files.filter((path) => !paths.some((folder) => path.startsWith(`${folder}/`))),
    "no volume has these files",
  );
  const claim = (pod.volumes ?? []).find(({ persistentVolumeClaim }) => persistentVolumeClaim)?.persistentVolumeClaim
    .claimName;
  checks.check("k8s/home", claim === undefined || replicas <= 1, "several pods must not share a home");
  checks.none(
    "k8s/claim",
    claims.filter(({ metadata }) => metadata.name !== claim).map(({ metadata }) => metadata.name),
    "a claim that no pod uses",
  );
}
