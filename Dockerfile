# One image for every role: `docker run … edgeledger worker`. Node runs the TypeScript sources as they are,
# so there is nothing to compile: the first stage installs what the sources import and drops what only people read.

FROM node:24-slim AS install
WORKDIR /app
COPY . .
# Only what the command imports, and no optional package: a container has a real Postgres. In place and not with
# `pnpm deploy`, which moves our packages below node_modules, where Node strips no types.
RUN npx --yes pnpm@12 install --filter '@edgeledger/cli...' --prod --no-optional --frozen-lockfile --ignore-scripts \
 && find node_modules -type f \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && chmod -R a+rX,go-w .
# What Node makes of the sources at their first start is kept, because a read-only container cannot keep it itself. Node looks
# for it under its own version, its heap options and the user's id, so it is made with those; another user starts without.
RUN install -d -o node /tmp/compile-cache
USER node
RUN NODE_ENV=production NODE_OPTIONS="--max-semi-space-size=2 --max-old-space-size=512" NODE_COMPILE_CACHE=/tmp/compile-cache node deploy/docker/warm-compile-cache.mjs
USER root
RUN mv /tmp/compile-cache .compile-cache && chown -R root:root .compile-cache && chmod -R a+rX,go-w .compile-cache

FROM node:24-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="edgeledger" \
      org.opencontainers.image.description="imgix and Akamai reports, complete and exact, in your own Postgres" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node:24-slim"

# A semi-space of 2 MiB keeps a worker at 150 MB instead of 190 MB; rows are streamed and die young either way. Fewer arenas
# of malloc keep what unzipping threads free from staying with each of them.
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=2 --max-old-space-size=512" \
    MALLOC_ARENA_MAX=2 \
    NODE_COMPILE_CACHE=/app/.compile-cache \
    HOST=0.0.0.0 \
    PORT=3000 \
    METRICS_HOST=0.0.0.0 \
    METRICS_PORT=9464 \
    LOG_FORMAT=json \
    EDGELEDGER_HOME=/var/lib/edgeledger

COPY --from=install /app /app
COPY --chmod=0755 deploy/docker/healthcheck.mjs /app/healthcheck.mjs
# for `docker compose exec worker edgeledger status`
RUN printf '#!/bin/sh\nexec node /app/apps/cli/src/main.ts "$@"\n' > /usr/local/bin/edgeledger \
 && chmod 0755 /usr/local/bin/edgeledger \
 && install -d -o node -g node -m 0750 /var/lib/edgeledger \
 && install -d /etc/edgeledger
# edgeledger.yaml is read from here when somebody mounts it
WORKDIR /etc/edgeledger
USER node
VOLUME /var/lib/edgeledger
EXPOSE 3000 9464
# every role answers on one of its two ports; one-off commands are over before the first check
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/healthcheck.mjs"]
STOPSIGNAL SIGTERM
# node itself is process 1 and gets SIGTERM: no shell and no package manager in between
ENTRYPOINT ["node", "/app/apps/cli/src/main.ts"]
CMD ["--help"]
