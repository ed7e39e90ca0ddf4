/** The SDKs' own clients over every transport and in both eras, behind one face; notifications are kept in their order. */
import { join } from "node:path";
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import { ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { Schema } from "effect";
import { testCluster } from "../support/testCluster.ts";
import type { LiveDewey } from "./liveDewey.ts";
import { SocketTransport } from "./SocketTransport.ts";

const root = join(import.meta.dir, "../..");
const identity = { name: "test", version: "1" };

/** A notification as it came. */
export interface Told {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** Keeps what was told, and waits for what will be. */
export class Notices {
  readonly all: Array<Told> = [];
  #wake = () => {};

  readonly take = async (notification: Told): Promise<void> => {
    this.all.push(notification);
    this.#wake();
  };

  /** Waits until a notification has come that `is` it. */
  async until(is: (told: Told) => boolean): Promise<void> {
    while (!this.all.some(is)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The URIs that were told as updated. */
  get updated(): ReadonlyArray<unknown> {
    return this.all
      .filter(({ method }) => method === "notifications/resources/updated")
      .map(({ params }) => params?.["uri"]);
  }

  updatedTo(uri: string): Promise<void> {
    return this.until(
      ({ method, params }) =>
        method === "notifications/resources/updated" && params?.["uri"] === uri,
    );
  }

  /** How often the list of resources was told to be another. */
  get lists(): number {
    return this.all.filter(isListChanged).length;
  }

  listChanged(): Promise<void> {
    return this.until(isListChanged);
  }

  forget(): void {
    this.all.length = 0;
  }
}

const isListChanged = ({ method }: Told) => method === "notifications/resources/list_changed";

/** What a test does with any of the clients. */
export interface SdkClient {
  readonly era: "legacy" | "modern";
  readonly notices: Notices;
  readonly capabilities: () => unknown;
  readonly request: (
    method: string,
    params?: Record<string, unknown>,
  ) => Promise<Record<string, unknown>>;
  /** Follows resources and the list; what it returns ends that. */
  readonly follow: (uris: ReadonlyArray<string>) => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
}

const first = async (transport: Parameters<Client["connect"]>[0]): Promise<SdkClient> => {
  const client = new Client(identity);
  const notices = new Notices();
  client.fallbackNotificationHandler = notices.take;
  await client.connect(transport);
  const request: SdkClient["request"] = (method, params) =>
    client.request({ method, params: params ?? {} }, ResultSchema.loose());
  return {
    era: "legacy",
    notices,
    request,
    capabilities: () => client.getServerCapabilities(),
    follow: async (uris) => {
      await request("resources/list");
      for (const uri of uris) await client.subscribeResource({ uri });
      return async () => {
        for (const uri of uris) await client.unsubscribeResource({ uri });
      };
    },
    close: () => client.close(),
  };
};

const anything = Schema.toStandardSchemaV1(Schema.Record(Schema.String, Schema.Unknown));

const second = async (
  transport: Parameters<ModernClient["connect"]>[0],
  era: "legacy" | "modern",
): Promise<SdkClient> => {
  const client = new ModernClient(identity, {
    versionNegotiation: { mode: era === "legacy" ? "legacy" : "auto" },
  });
  const notices = new Notices();
  client.fallbackNotificationHandler = notices.take;
  await client.connect(transport);
  const request: SdkClient["request"] = (method, params) =>
    client.request({ method, params: params ?? {} }, anything);
  return {
    era,
    notices,
    request,
    capabilities: () => client.getServerCapabilities(),
    follow: async (uris) => {
      if (era === "modern") {
        const subscription = await client.listen({
          resourcesListChanged: true,
          resourceSubscriptions: [...uris],
        });
        return () => subscription.close();
      }
      await request("resources/list");
      for (const uri of uris) await client.subscribeResource({ uri });
      return async () => {
        for (const uri of uris) await client.unsubscribeResource({ uri });
      };
    },
    close: () => client.close(),
  };
};

const stdio = async ({ db }: LiveDewey) => {
  const { host, password, port, user } = await testCluster();
  return new StdioClientTransport({
    command: process.execPath,
    args: [join(root, "src/main.ts"), "stdio"],
    env: {
      DEWEY_DB_HOST: host,
      DEWEY_DB_PORT: String(port),
      DEWEY_DB_NAME: db.address.database,
      DEWEY_DB_USER: user,
      DEWEY_DB_SSL: "disable",
      DEWEY_LOG_LEVEL: "WARN",
      ...(password !== undefined && { DEWEY_DB_PASSWORD: password }),
    },
  });
};

/** Every client that can be connected. */
export const sdkClients: Readonly<Record<string, (dewey: LiveDewey) => Promise<SdkClient>>> = {
  "the first SDK over WebSocket": ({ ws }) => first(new WebSocketClientTransport(new URL(ws))),
  "the first SDK over HTTP": ({ http }) => first(new StreamableHTTPClientTransport(new URL(http))),
  "the second SDK over WebSocket, 2025-11-25": ({ ws }) =>
    second(new SocketTransport(ws), "legacy"),
  "the second SDK over WebSocket, 2026-07-28": ({ ws }) =>
    second(new SocketTransport(ws), "modern"),
  "the second SDK over HTTP, 2025-11-25": ({ http }) =>
    second(new ModernHttp(new URL(http)), "legacy"),
  "the second SDK over HTTP, 2026-07-28": ({ http }) =>
    second(new ModernHttp(new URL(http)), "modern"),
  "the second SDK over stdio, 2025-11-25": async (dewey) => second(await stdio(dewey), "legacy"),
  "the second SDK over stdio, 2026-07-28": async (dewey) => second(await stdio(dewey), "modern"),
};

/** The second SDK's client over HTTP, with a token. */
export const connectHttp = (
  url: string,
  era: "legacy" | "modern",
  token: string,
): Promise<SdkClient> => {
  const headers = { Authorization: `Bearer ${token}` };
  return second(new ModernHttp(new URL(url), { requestInit: { headers } }), era);
};

/** The client of a title. */
export const connect = (title: string, dewey: LiveDewey): Promise<SdkClient> => {
  const client = sdkClients[title];
  if (client === undefined) throw new Error(`no client ${title}`);
  return client(dewey);
};

const Refusal = Schema.Struct({
  code: Schema.Int,
  message: Schema.String,
  data: Schema.optionalKey(Schema.Unknown),
});
const decodeRefusal = Schema.decodeUnknownSync(Refusal);

/** The protocol's error that a request has to end in. */
export const refusalOf = async (request: Promise<unknown>): Promise<typeof Refusal.Type> => {
  try {
    await request;
  } catch (error) {
    return decodeRefusal(error);
  }
  throw new Error("the request was not refused");
};
