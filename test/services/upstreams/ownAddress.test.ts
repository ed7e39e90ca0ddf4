import { expect, test } from "bun:test";
import { hostname } from "node:os";
import { leadsTo } from "../../../src/services/upstreams/ownAddress.ts";

for (const [host, port, url, isOwn] of [
  ["127.0.0.1", 9000, "ws://127.0.0.1:9000/mcp/a", true],
  ["127.0.0.1", 9000, "http://LOCALHOST:9000/", true],
  ["127.0.0.1", 9000, "http://[::1]:9000/", true],
  ["127.0.0.1", 9000, "http://0.0.0.0:9000/", true],
  ["127.0.0.1", 9000, "http://127.0.0.1:9020/mcp", false],
  ["127.0.0.1", 9000, "http://example.org:9000/", false],
  ["127.0.0.1", 0, "http://127.0.0.1:80/", false],
  ["0.0.0.0", 9000, "http://127.8.8.8:9000/", true],
  ["0.0.0.0", 9000, `http://${hostname()}:9000/`, true],
  ["::", 443, "wss://localhost/", true],
  ["::", 80, "wss://localhost/", false],
  ["192.0.2.1", 9000, "http://192.0.2.1:9000/", true],
  ["192.0.2.1", 9000, "http://127.0.0.1:9000/", false],
] as const) {
  test(`${url} ${isOwn ? "leads" : "does not lead"} to ${host} port ${port}`, () => {
    expect(leadsTo({ host, port })(new URL(url))).toBe(isOwn);
  });
}
