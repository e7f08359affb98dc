// The values with which the linter renders the chart: installations that work, and some that must be refused.
const image = { repository: "registry.example.org/fedbaps/coordinator" };
const postgres = { host: "db.example.org", existingSecret: "fedbaps-database" };
const from = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } } }];

/** `kinds`: what it makes, sorted. */
export const GOOD_CASES = [
  {
    name: "embedded database behind an ingress",
    values: {
      image,
      plainHttp: true,
      trustedProxies: ["10.42.0.0/16"],
      ingress: { enabled: true, className: "nginx", host: "fed.example.org", tlsSecret: "fed-tls" },
      networkPolicy: { from },
    },
    kinds: "Deployment Ingress NetworkPolicy PersistentVolumeClaim Service ServiceAccount",
  },
  {
    name: "own TLS and PostgreSQL",
    values: {
      image: { ...image, digest: `sha256:${"0123456789abcdef".repeat(4)}` },
      tls: { existingSecret: "fed-tls" },
      service: { type: "LoadBalancer", port: 443 },
      database: { ...postgres, caSecret: "database-ca" },
      persistence: { existingClaim: "fedbaps-home" },
    },
    kinds: "Deployment NetworkPolicy Service ServiceAccount",
  },
  {
    name: "three pods, everything switched on",
    values: {
      image: { ...image, tag: "0.1.0" },
      imagePullSecrets: [{ name: "registry-password" }],
      replicaCount: 3,
      tls: { existingSecret: "fed-tls" },
      trustedProxies: ["10.42.0.7", "fd00::/8"],
      ingress: {
        enabled: true,
        host: "fed.example.org",
        tlsSecret: "public-tls",
        annotations: { "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS" },
      },
      database: { ...postgres, port: 6432, sslMode: "require" },
      persistence: { enabled: false },
      networkPolicy: { from, databaseTo: [{ ipBlock: { cidr: "10.9.0.0/24" } }] },
      serviceMonitor: { enabled: true, tokenSecret: "fedbaps-viewer", labels: { release: "prometheus" } },
      podAnnotations: { note: "a: b # c" },
      podLabels: { team: "radiology" },
      priorityClassName: "high",
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "research", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
      fullnameOverride: "fedbaps",
    },
    kinds: "Deployment Ingress NetworkPolicy PodDisruptionBudget Service ServiceAccount ServiceMonitor",
  },
  {
    name: "as little as possible",
    values: {
      image,
      plainHttp: true,
      networkPolicy: { enabled: false },
      serviceAccount: { create: false },
      resources: { requests: { memory: "256Mi" }, limits: { memory: "1Gi" } },
    },
    kinds: "Deployment PersistentVolumeClaim Service",
  },
];

/** `says`: of the message with which it is refused. */
export const BAD_CASES = [
  { name: "no image", values: { plainHttp: true }, says: "image.repository" },
  { name: "no TLS", values: { image }, says: "tls.existingSecret" },
  {
    name: "TLS and plain HTTP",
    values: { image, plainHttp: true, tls: { existingSecret: "x" } },
    says: "exclude each other",
  },
  {
    name: "several on an embedded database",
    values: { image, plainHttp: true, replicaCount: 2 },
    says: "database.host",
  },
  {
    name: "several on one volume",
    values: { image, plainHttp: true, replicaCount: 2, database: postgres },
    says: "persistence.enabled: false",
  },
  {
    name: "a database without a password",
    values: { image, plainHttp: true, database: { host: "db" } },
    says: "database.existingSecret",
  },
  {
    name: "nothing kept",
    values: { image, plainHttp: true, persistence: { enabled: false } },
    says: "loses key and studies",
  },
  {
    name: "an ingress without a host",
    values: { image, plainHttp: true, ingress: { enabled: true } },
    says: "ingress.host",
  },
  {
    name: "an ingress without TLS",
    values: { image, plainHttp: true, ingress: { enabled: true, host: "a.b" } },
    says: "ingress.tlsSecret",
  },
  {
    name: "metrics without a token",
    values: { image, plainHttp: true, serviceMonitor: { enabled: true } },
    says: "serviceMonitor.tokenSecret",
  },
];
