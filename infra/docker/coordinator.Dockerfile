# The coordinator. Built from the repository's root:
#   docker build -f infra/docker/coordinator.Dockerfile -t fedbaps/coordinator:0.1.0 .
# A tag can be given to other bytes later. For production name the digest, too:
#   --build-arg NODE_IMAGE=node:20-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:20-bookworm-slim

# What npm needs to know: these layers are made anew only when a dependency changes.
FROM ${NODE_IMAGE} AS manifests
ENV ONNXRUNTIME_NODE_INSTALL=skip
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/core/package.json packages/core/
COPY apps/coordinator/package.json apps/coordinator/
COPY apps/site-agent/package.json apps/site-agent/

FROM manifests AS build
# No package runs code of its own while it is installed.
RUN npm ci --ignore-scripts --loglevel=error
COPY tsconfig.json ./
COPY infra/scripts/build-dashboard.mjs infra/scripts/ensure-installed.mjs infra/scripts/
COPY packages/core packages/core
COPY apps/coordinator apps/coordinator
RUN node_modules/.bin/tsc -b apps/coordinator && node infra/scripts/build-dashboard.mjs
RUN find packages/core/dist apps/coordinator/dist -type f \( -name '*.d.ts' -o -name '*.map' -o -name '.tsbuildinfo' \) -delete

FROM manifests AS modules
RUN npm ci --omit=dev --ignore-scripts --workspace=@fedbaps/coordinator --loglevel=error
# The coordinator sees no image and asks no model: what core needs for those stays out.
RUN npm uninstall --no-save --omit=dev --ignore-scripts --loglevel=error --workspace=@fedbaps/core \
    @cornerstonejs/dicom-codec @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-core @tensorflow/tfjs-node bmp-ts csv-parse \
    dcmjs nifti-reader-js onnxruntime-node sharp \
 && rm .npmrc package-lock.json

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="FedBAPS coordinator" \
      org.opencontainers.image.description="Runs studies over hospitals without seeing their data" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# The program needs Node and no package manager.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && install -d -o 10001 -g 10001 -m 0700 /data \
 && ln -s /app/apps/coordinator/bin/fedbaps-coordinator.js /usr/local/bin/fedbaps-coordinator
WORKDIR /app
COPY LICENSE ./
# With the package.json of the workspaces, and the few packages that one of them needs in a version of its own.
COPY --from=modules /app ./
COPY --from=build /app/packages/core/dist packages/core/dist
COPY --from=build /app/apps/coordinator/bin apps/coordinator/bin
COPY --from=build /app/apps/coordinator/dist apps/coordinator/dist
COPY infra/docker/coordinator-health.mjs infra/docker/
# Keys, token file and embedded database lie in $HOME/.fedbaps-coordinator, the program's default. Nothing else is written.
ENV NODE_ENV=production HOME=/data
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 8470
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["node", "/app/infra/docker/coordinator-health.mjs", "8470"]
ENTRYPOINT ["fedbaps-coordinator"]
# Refuses to start as it is: add --tls-cert and --tls-key, or --insecure-http where a TLS proxy is before it.
CMD ["serve", "--host", "0.0.0.0", "--port", "8470", "--json-log"]
