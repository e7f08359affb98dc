// The fields of Kubernetes' objects that our chart uses, so that a misspelt one is found: a cluster drops unknown fields of
// a security context without a word. From the API reference of Kubernetes 1.30. `*` is any name; null, anything within.
const metadata = { name: null, namespace: null, labels: { "*": null }, annotations: { "*": null } };
const selector = { matchLabels: { "*": null } };
const probe = {
  httpGet: { path: null, port: null, scheme: null },
  periodSeconds: null,
  timeoutSeconds: null,
  failureThreshold: null,
  initialDelaySeconds: null,
};
const container = {
  name: null,
  image: null,
  imagePullPolicy: null,
  args: null,
  env: [{ name: null, value: null, valueFrom: null }],
  ports: [{ name: null, containerPort: null, protocol: null }],
  securityContext: {
    allowPrivilegeEscalation: null,
    privileged: null,
    readOnlyRootFilesystem: null,
    capabilities: { drop: null },
  },
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  resources: { requests: { "*": null }, limits: { "*": null } },
  volumeMounts: [{ name: null, mountPath: null, readOnly: null, subPath: null }],
};
const pod = {
  serviceAccountName: null,
  automountServiceAccountToken: null,
  enableServiceLinks: null,
  imagePullSecrets: [{ name: null }],
  priorityClassName: null,
  terminationGracePeriodSeconds: null,
  securityContext: {
    runAsNonRoot: null,
    runAsUser: null,
    runAsGroup: null,
    fsGroup: null,
    fsGroupChangePolicy: null,
    seccompProfile: { type: null },
  },
  containers: [container],
  volumes: [
    {
      name: null,
      persistentVolumeClaim: { claimName: null },
      emptyDir: { sizeLimit: null },
      secret: { secretName: null, defaultMode: null },
    },
  ],
  nodeSelector: { "*": null },
  tolerations: null,
  affinity: null,
};
const port = { port: null, protocol: null };

/** By `apiVersion kind`. */
export const FIELDS = {
  "apps/v1 Deployment": {
    metadata,
    spec: { replicas: null, strategy: { type: null }, selector, template: { metadata, spec: pod } },
  },
  "v1 Service": {
    metadata,
    spec: {
      type: null,
      selector: { "*": null },
      ports: [{ name: null, port: null, targetPort: null, protocol: null }],
    },
  },
  "networking.k8s.io/v1 Ingress": {
    metadata,
    spec: {
      ingressClassName: null,
      tls: [{ secretName: null, hosts: null }],
      rules: [
        {
          host: null,
          http: {
            paths: [
              { path: null, pathType: null, backend: { service: { name: null, port: { name: null, number: null } } } },
            ],
          },
        },
      ],
    },
  },
  "v1 PersistentVolumeClaim": {
    metadata,
    spec: { accessModes: null, storageClassName: null, resources: { requests: { storage: null } } },
  },
  "v1 ServiceAccount": { metadata, automountServiceAccountToken: null },
  "networking.k8s.io/v1 NetworkPolicy": {
    metadata,
    spec: {
      podSelector: selector,
      policyTypes: null,
      ingress: [{ ports: [port], from: null }],
      egress: [{ ports: [port], to: null }],
    },
  },
  "policy/v1 PodDisruptionBudget": { metadata, spec: { maxUnavailable: null, selector } },
  "monitoring.coreos.com/v1 ServiceMonitor": {
    metadata,
    spec: {
      selector,
      endpoints: [
        {
          port: null,
          path: null,
          interval: null,
          scheme: null,
          authorization: { type: null, credentials: { name: null, key: null } },
          tlsConfig: { insecureSkipVerify: null },
        },
      ],
    },
  },
};

/** @returns {string[]} paths of fields that the kind does not have */
export function unknownFields(document) {
  const { apiVersion, kind, ...rest } = document;
  const fields = FIELDS[`${apiVersion} ${kind}`];
  return fields === undefined ? [`${apiVersion} ${kind}`] : unknownIn(fields, rest, kind);
}

function unknownIn(fields, value, path) {
  if (fields === null || value === null || typeof value !== "object") return [];
  if (Array.isArray(fields) || Array.isArray(value)) {
    if (!Array.isArray(fields) || !Array.isArray(value)) return [path];
    return value.flatMap((item, index) => unknownIn(fields[0], item, `${path}[${index}]`));
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const known = key in fields ? fields[key] : fields["*"];
    return known === undefined ? [`${path}.${key}`] : unknownIn(known, item, `${path}.${key}`);
  });
}
