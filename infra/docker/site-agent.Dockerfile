# The site agent. Built from the repository's root:
#   docker build -f infra/docker/site-agent.Dockerfile -t fedbaps/site-agent:0.1.0 .
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
COPY packages/core packages/core
COPY apps/site-agent apps/site-agent
RUN node_modules/.bin/tsc -b apps/site-agent
RUN find packages/core/dist apps/site-agent/dist -type f \( -name '*.d.ts' -o -name '*.map' -o -name '.tsbuildinfo' \) -delete

FROM manifests AS modules
RUN npm ci --omit=dev --ignore-scripts --workspace=@fedbaps/site-agent --loglevel=error
# tfjs-node would fetch a library from elsewhere; the WebAssembly backend does its work. Of ONNX Runtime only the library for
# this platform is kept.
RUN npm uninstall --no-save --omit=dev --ignore-scripts --loglevel=error --workspace=@fedbaps/core @tensorflow/tfjs-node \
 && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 \
      ! -path "*/$(node -p process.platform)/$(node -p process.arch)" -exec rm -rf {} + \
 && rm .npmrc package-lock.json

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="FedBAPS site agent" \
      org.opencontainers.image.description="Adapts a segmentation model at a hospital; no image, label or weight leaves it" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# The program needs Node and no package manager.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && install -d -o 10001 -g 10001 -m 0700 /data \
 && ln -s /app/apps/site-agent/bin/fedbaps-site.js /usr/local/bin/fedbaps-site
WORKDIR /app
COPY LICENSE ./
# With the package.json of the workspaces, and the few packages that one of them needs in a version of its own.
COPY --from=modules /app ./
COPY packages/core/models packages/core/models
COPY --from=build /app/packages/core/dist packages/core/dist
COPY --from=build /app/apps/site-agent/bin apps/site-agent/bin
COPY --from=build /app/apps/site-agent/dist apps/site-agent/dist
COPY infra/docker/site-agent-health.mjs infra/docker/
# The home and the results lie in the volume. Nothing else is written.
ENV NODE_ENV=production HOME=/data FEDBAPS_HOME=/data/home ORT_DISABLE_TELEMETRY=1
WORKDIR /data
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 CMD ["node", "/app/infra/docker/site-agent-health.mjs"]
ENTRYPOINT ["fedbaps-site"]
CMD ["run", "--out", "/data/results"]
