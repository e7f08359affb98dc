// Rules for the objects through which the coordinator is reached, and reaches its database.

/** Whether every label that is asked for is there. */
export function covers(labels, asked = {}) {
  return Object.keys(asked).length > 0 && Object.entries(asked).every(([key, value]) => labels?.[key] === value);
}

export function checkIngress(checks, { metadata, spec }, service, container) {
  const backends = spec.rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service));
  const there = backends.every(
    ({ name, port }) => name === service?.metadata.name && service.spec.ports.some((one) => one.name === port.name),
  );
  checks.check("k8s/ingress", there, "the ingress must lead to the service's port");
  const hosts = spec.rules.map(({ host }) => host);
  checks.check(
    "k8s/ingress-tls",
    hosts.every((host) => host && spec.tls?.some((tls) => tls.hosts.includes(host) && tls.secretName)),
    "every host needs a certificate",
  );
  const timeout = Number(metadata.annotations?.["nginx.ingress.kubernetes.io/proxy-read-timeout"] ?? 60);
  checks.check("k8s/ingress-timeout", timeout > 60, "WebSockets need a read timeout above 60 seconds");
  checks.check(
    "k8s/ingress-trust",
    container.args.includes("--trust-proxy"),
    "name the ingress's network in trustedProxies, or all sites share one limit of requests",
  );
}

export function checkNetwork(checks, { spec }, labels, ports, { env = [] }) {
  const named = spec.ingress.flatMap(({ ports: open = [] }) => open.map(({ port }) => port));
  checks.check(
    "k8s/network",
    covers(labels, spec.podSelector.matchLabels) && named.length > 0 && named.every((port) => ports.includes(port)),
    "the policy must let in at the pod's port only",
  );
  const url = env.find(({ name }) => name === "DATABASE_URL")?.value;
  const out = spec.egress.flatMap(({ ports: open }) => open?.map(({ port }) => port) ?? ["any"]);
  const wanted = url === undefined ? [] : [53, 53, Number(new URL(url).port || 5432)];
  checks.check(
    "k8s/network-out",
    spec.policyTypes.includes("Egress") && JSON.stringify(out) === JSON.stringify(wanted),
    "the coordinator connects to its database and nothing else",
  );
}
