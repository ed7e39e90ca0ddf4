// A raw client over Streamable HTTP, in both eras: it knows the headers that the protocol asks for, and no more.
import { isRecord } from "../fixtures/records.ts";
import { eventsOf } from "./eventStreams.ts";
import { Inbox, type RawClient, type Sending } from "./RawClient.ts";

export type Era = "2025-11-25" | "2026-07-28";

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
};

/** What is not plain ASCII goes encoded. */
const headerValue = (value: string) =>
  /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
    ? value
    : `=?base64?${Buffer.from(value).toString("base64")}?=`;

/** What the newest version repeats of a message in the head of its request, where the message says its version. */
const modernHeaders = (text: string): Record<string, string> => {
  const { method, params } = parsed(text);
  const fields = isRecord(params) ? params : {};
  const meta = isRecord(fields["_meta"]) ? fields["_meta"] : {};
  const isStated = "io.modelcontextprotocol/protocolVersion" in meta;
  const name = fields["name"] ?? fields["uri"];
  const isNamed = ["tools/call", "prompts/get", "resources/read"].includes(String(method));
  return {
    "mcp-protocol-version": "2026-07-28",
    ...(isStated && typeof method === "string" && { "mcp-method": method }),
    ...(isNamed && typeof name === "string" && { "mcp-name": headerValue(name) }),
  };
};

/** What is said between two ends of a connection, and no further. */
const ofTheConnection = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "transfer-encoding",
]);

/** Makes a client; over HTTP there is no connection to open. */
export const makeHttpClient = (
  url: string,
  era: Era,
  always: Readonly<Record<string, string>> = {},
): RawClient => {
  const inbox = new Inbox();
  const isLegacy = era === "2025-11-25";
  const closing = new AbortController();
  let session: string | undefined;
  let version: string | undefined;

  const legacyHeaders = (): Record<string, string> => ({
    ...(session !== undefined && { "mcp-session-id": session }),
    ...(version !== undefined && { "mcp-protocol-version": version }),
  });

  /** Takes what a response has to say; resolves at its end. */
  const take = async (response: Response, onId: (id: string) => void): Promise<void> => {
    if (response.body === null) return;
    if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
      const text = await response.text();
      if (text !== "") inbox.frame(text);
      return;
    }
    for await (const { data, id } of eventsOf(response.body)) {
      if (id !== undefined) onId(id);
      if (data !== "") inbox.frame(data);
    }
  };

  const head = (method: string, { headers, status }: Response) => {
    const lines = [...headers]
      .filter(([name]) => !ofTheConnection.has(name))
      .map(([name, value]) => `${name}: ${name === "mcp-session-id" ? "(session)" : value}`);
    inbox.head([`${method} ${status}`, ...lines.sort()].join(" | "));
  };

  const listen = async (lastEventId: string | undefined, signal: AbortSignal) => {
    const response = await fetch(url, {
      headers: {
        accept: "text/event-stream",
        ...always,
        ...legacyHeaders(),
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
      signal,
    });
    head("GET", response);
    take(response, () => {}).catch(() => {});
  };

  const send = async (
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Sending> => {
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, closing.signal]);
    const { method } = parsed(text);
    const response = await fetch(url, {
      method: "POST",
      headers: {
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
        ...always,
        ...(isLegacy ? legacyHeaders() : modernHeaders(text)),
        ...headers,
      },
      body: text,
      signal,
    });
    head("POST", response);
    session ??= response.headers.get("mcp-session-id") ?? undefined;
    let lastId: string | undefined;
    // It breaks when it is abandoned.
    take(response, (id) => {
      lastId = id;
    }).catch(() => {});
    if (isLegacy && method === "initialize") version = era;
    if (isLegacy && method === "notifications/initialized") {
      await listen(undefined, closing.signal);
    }
    return {
      abandon: () => {
        if (isLegacy) return false;
        ending.abort();
        return true;
      },
      breakOff: async () => {
        if (!isLegacy) return;
        ending.abort();
        await listen(lastId, closing.signal);
      },
    };
  };

  return {
    inbox,
    send,
    close: async () => {
      if (session !== undefined) {
        const response = await fetch(url, {
          method: "DELETE",
          headers: { ...always, ...legacyHeaders() },
        });
        head("DELETE", response);
      }
      closing.abort();
    },
  };
};
