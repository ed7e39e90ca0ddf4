// The reference server for the proofs of transparency: started as a program, reached directly over each transport.
import { join } from "node:path";
import type { Kind } from "./comparing.ts";
import type { Ear } from "./Ear.ts";
import { connectEvents, connectWebSocket, runLines } from "./frameClients.ts";
import { type Era, makeHttpClient } from "./httpClient.ts";
import type { RawClient } from "./RawClient.ts";

const program = join(import.meta.dir, "../fixtures/referenceServer.ts");

/** What a client may say that nobody between it and the server knows. */
export const vendorHeaders = { "x-vendor-example": "said by the client" };

/** The command of a reference server that speaks over its standard pipes. */
export const stdioReference = (ear: Ear): ReadonlyArray<string> => [
  process.execPath,
  program,
  "--transport",
  "stdio",
  "--witness",
  String(ear.port),
];

/** The addresses of a running reference server. */
export interface Reference extends AsyncDisposable {
  readonly http: string;
  readonly ws: string;
  readonly sse: string;
}

/** Starts one on a free port; it tells what it sees where there is an ear. */
export const startReference = async (ear?: Ear): Promise<Reference> => {
  const told = ear === undefined ? [] : ["--witness", String(ear.port)];
  const child = Bun.spawn([process.execPath, program, "--transport", "http", ...told], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk, { stream: true });
    const [, http, port] = /(http:\/\/localhost:(\d+)\/mcp)\n/.exec(said) ?? [];
    if (http === undefined) continue;
    return {
      http,
      ws: `ws://127.0.0.1:${port}/mcp`,
      sse: `http://127.0.0.1:${port}/sse`,
      [Symbol.asyncDispose]: async () => {
        await child.stdin.end();
        await child.exited;
      },
    };
  }
  throw new Error(`The reference server ended with ${await child.exited}: ${said}`);
};

/** A raw client of the reference itself. */
export const connectDirectly = async (
  kind: Kind,
  era: Era,
  reference: Reference,
  ear: Ear,
): Promise<RawClient> => {
  switch (kind) {
    case "ws":
      return connectWebSocket(reference.ws);
    case "sse":
      return connectEvents(reference.sse);
    case "http":
      return makeHttpClient(reference.http, era, vendorHeaders);
    case "stdio":
      return runLines(stdioReference(ear));
  }
};
