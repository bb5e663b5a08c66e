# One image for every role: `docker run … edgeledger worker`. Node runs the TypeScript sources as they are.

FROM node:24-slim AS install
WORKDIR /app
COPY . .
# without optional packages: the embedded Postgres stays out, a container has a real one
RUN npx --yes pnpm@12 install --prod --no-optional --frozen-lockfile \
 && rm -rf packages/emulator/test packages/*/test apps/*/test packages/*/src/*.test.ts packages/*/src/*/*.test.ts apps/*/src/*.test.ts

FROM node:24-slim
LABEL org.opencontainers.image.title="edgeledger" \
      org.opencontainers.image.description="imgix and Akamai reports in your own Postgres" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production HOST=0.0.0.0 EDGELEDGER_HOME=/tmp/edgeledger
WORKDIR /app
COPY --from=install --chown=root:root /app /app
USER node
# the process itself gets SIGTERM, no package manager in between
ENTRYPOINT ["node", "apps/cli/src/main.ts"]
CMD ["--help"]
