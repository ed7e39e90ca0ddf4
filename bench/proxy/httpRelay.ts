/** The least that an HTTP proxy can do: every request sent on over a connection that is kept, and its answer sent back. */
import { Agent, request as send } from "node:http";
import { ready } from "../support/serverProcess.ts";

const target = process.argv[2];
if (target === undefined) throw new Error("Name the upstream's URL.");

const agent = new Agent({ keepAlive: true });

/** What belongs to the connection, and not to the request. */
const ownHeaders = new Set(["connection", "host", "content-length", "transfer-encoding"]);

const relayed = async (request: Request): Promise<Response> => {
  const body = Buffer.from(await request.arrayBuffer());
  const headers = Object.fromEntries(
    [...request.headers].filter(([name]) => !ownHeaders.has(name)),
  );
  const answer = Promise.withResolvers<Response>();
  const upstream = send(target, { method: request.method, agent, headers });
  upstream.on("error", answer.reject);
  upstream.on("response", (response) => {
    const chunks: Array<Uint8Array> = [];
    response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    response.on("error", answer.reject);
    response.on("end", () => {
      const kept = Object.entries(response.headers).flatMap(
        ([name, value]): Array<[string, string]> =>
          typeof value === "string" && !ownHeaders.has(name) ? [[name, value]] : [],
      );
      const { statusCode = 502 } = response;
      answer.resolve(new Response(Buffer.concat(chunks), { status: statusCode, headers: kept }));
    });
  });
  upstream.end(body);
  return answer.promise;
};

const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: relayed });
ready(`http://127.0.0.1:${server.port}/mcp`);
