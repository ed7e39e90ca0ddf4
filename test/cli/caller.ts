// A client over a WebSocket that calls tools in the plain form, and sees how the connection ends.
import { Schema } from "effect";

const Answer = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.Int,
    result: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)),
    error: Schema.optional(
      Schema.Struct({
        data: Schema.Struct({ code: Schema.String, retryable: Schema.Boolean }),
      }),
    ),
  }),
);
const decodeAnswer = Schema.decodeUnknownSync(Answer);
type Answer = typeof Answer.Type;

/** One connection. */
export interface Caller extends Disposable {
  /** The result, or the error's code. */
  readonly call: (
    tool: string,
    input: Readonly<Record<string, unknown>>,
  ) => Promise<Readonly<Record<string, unknown>> | string>;
  /** The code the connection was closed with. */
  readonly closed: Promise<number>;
}

/** Connects to a Dewey at a host and port. */
export const connect = async (
  at: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Caller> => {
  const socket = new WebSocket(`ws://${at}/mcp`, { protocols: ["mcp"], headers: { ...headers } });
  const waiting = new Map<number, (answer: Answer | "LOST") => void>();
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener("close", ({ code }) => {
      for (const settle of waiting.values()) settle("LOST");
      waiting.clear();
      resolve(code);
    });
  });
  socket.addEventListener("message", ({ data }) => {
    const answer = decodeAnswer(data);
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("close", ({ code }) => reject(new Error(`refused with ${code}`)));
  });
  let calls = 0;
  return {
    call: async (tool, input) => {
      const id = ++calls;
      const answer = new Promise<Answer | "LOST">((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: tool, params: input }));
      const said = await answer;
      return said === "LOST" ? said : (said.result ?? said.error?.data.code ?? "?");
    },
    closed,
    [Symbol.dispose]: () => socket.close(),
  };
};
