/** A client of Dewey: an MCP session over a WebSocket that calls the tools for storing. */
import { Schema } from "effect";
import type { StoreClient } from "./client.ts";

const Begun = Schema.fromJsonString(
  Schema.Struct({
    result: Schema.Struct({
      structuredContent: Schema.Struct({ conversation_id: Schema.String }),
    }),
  }),
);
const decodeBegun = Schema.decodeUnknownSync(Begun);

const opening = JSON.stringify({
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1.0.0" },
  },
});

/** What only an answer to a call that went well has in it. */
const stored = { one: '"turn_number":', many: '"message_ids":' };

/** A session that makes one call at a time; an answer is its text. */
export const openSession = async (url: string) => {
  const socket = new WebSocket(url, ["mcp"]);
  let id = 0;
  let answered: (text: string) => void = () => {};
  socket.onmessage = ({ data }) => answered(String(data));
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  socket.onclose = ({ code, reason }) =>
    failed.reject(new Error(`A connection was closed: ${code} ${reason}`));
  const send = (text: string) =>
    Promise.race([
      failed.promise,
      new Promise<string>((resolve) => {
        answered = resolve;
        socket.send(text);
      }),
    ]);
  await Promise.race([
    failed.promise,
    new Promise((resolve) => {
      socket.onopen = resolve;
    }),
  ]);
  await send(opening);
  socket.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return {
    call: (name: string, input: string) => {
      id += 1;
      return send(
        `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":${input}}}`,
      );
    },
    close: () => {
      socket.onclose = null;
      socket.close();
    },
  };
};

/** Begins so many conversations, and answers with their ids. */
export const beginConversations = async (url: string, count: number) => {
  const session = await openSession(url);
  const ids: Array<string> = [];
  while (ids.length < count) {
    const { result } = decodeBegun(await session.call("dewey_begin_conversation", "{}"));
    ids.push(result.structuredContent.conversation_id);
  }
  session.close();
  return ids;
};

/** A client with a session of its own. */
export const openDoor = async (url: string): Promise<StoreClient> => {
  const session = await openSession(url);
  return {
    store: async (conversation, texts) => {
      const [first] = texts;
      if (first !== undefined && texts.length === 1) {
        const answer = await session.call(
          "dewey_store_message",
          `{"conversation_id":"${conversation}","role":"user","content":${first.json}}`,
        );
        return answer.includes(stored.one);
      }
      const messages = texts.map(({ json }) => `{"role":"user","content":${json}}`).join(",");
      const answer = await session.call(
        "dewey_store_messages_bulk",
        `{"conversation_id":"${conversation}","messages":[${messages}]}`,
      );
      return answer.includes(stored.many);
    },
    close: () => session.close(),
  };
};
