// How tool calls end, and what is kept of them.
import { describe, expect, test } from "bun:test";
import { call, request, result, said, type Traffic } from "../../support/recording.ts";
import { watch } from "./watch.ts";

describe("tool calls", () => {
  const ended = (finish: (traffic: Traffic) => void) => {
    const { traffic, calls } = watch();
    traffic.toUpstream(call(1, "work", { depth: 2 }));
    traffic.at += 9;
    finish(traffic);
    return calls().map(({ tool, status, error_message, duration_ms }) => ({
      tool,
      status,
      error_message,
      duration_ms,
    }));
  };
  const failed = (error: object) => ({ jsonrpc: "2.0", id: 1, error });
  const cancel = (reason?: string) => ({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 1, ...(reason === undefined ? {} : { reason }) },
  });
  const work = { tool: "work", duration_ms: 10 };

  test.each<[string, (traffic: Traffic) => void, string, string | null]>([
    ["a result", ({ toClient }) => toClient(said(1, "done")), "success", null],
    [
      "a result that is an error",
      ({ toClient }) =>
        toClient(result(1, { isError: true, content: [{ type: "text", text: "no" }] })),
      "error",
      "no",
    ],
    [
      "an error",
      ({ toClient }) => toClient(failed({ code: -32603, message: "broken" })),
      "error",
      "broken",
    ],
    [
      "a timeout of the request",
      ({ toClient }) => toClient(failed({ code: -32001, message: "Request timed out" })),
      "timeout",
      "Request timed out",
    ],
    [
      "the loss of the upstream",
      ({ toClient }) =>
        toClient(failed({ code: -32000, message: "lost", data: { retryable: true } })),
      "lost",
      "lost",
    ],
    [
      "an error of the upstream under the same code",
      ({ toClient }) => toClient(failed({ code: -32000, message: "own" })),
      "error",
      "own",
    ],
    ["a cancellation", ({ toUpstream }) => toUpstream(cancel("enough")), "cancelled", "enough"],
    [
      "a cancellation without a reason",
      ({ toUpstream }) => toUpstream(cancel()),
      "cancelled",
      null,
    ],
    [
      "a cancellation because of the time",
      ({ toUpstream }) => toUpstream(cancel("MCP error -32001: Request timed out")),
      "timeout",
      "MCP error -32001: Request timed out",
    ],
    [
      "the end of the session",
      ({ event }) => event({ event: "closed", reason: "the client left" }),
      "lost",
      "The session ended before the answer came: the client left",
    ],
  ])("end with %s", (_name, finish, status, error_message) => {
    const calls: ReadonlyArray<object> = ended(finish);
    expect(calls).toEqual([{ ...work, status, error_message }]);
  });

  test("end once: an answer after a cancellation changes nothing", () => {
    const { traffic, calls, messages } = watch();
    traffic.toUpstream(call(1, "work"));
    traffic.toUpstream(cancel());
    traffic.toClient(said(1, "too late"));
    traffic.event({ event: "closed", reason: "end" });
    expect(calls().map(({ status }) => status)).toEqual(["cancelled"]);
    expect(messages().map(({ content }) => content)).toContain("too late");
  });

  test("of a client that asks twice at a time under an id are told apart by their order", () => {
    const { traffic, calls } = watch();
    traffic.toUpstream(call(1, "first"));
    traffic.toUpstream(call(1, "second"));
    traffic.toClient(said(1, "a"));
    traffic.toClient(said(1, "b"));
    expect(calls().map(({ tool }) => tool)).toEqual(["first", "second"]);
  });

  test("under the id of one that was cancelled have the answers that come from then on", () => {
    const { traffic, calls } = watch();
    traffic.toUpstream(call(1, "first"));
    traffic.toUpstream({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 1 },
    });
    traffic.toUpstream(call(1, "second"));
    traffic.toClient(said(1, "b"));
    expect(calls().map(({ status, tool }) => [tool, status])).toEqual([
      ["first", "cancelled"],
      ["second", "success"],
    ]);
  });

  test("of an exchange that ended are lost, and nothing is said of that", () => {
    const { traffic, calls, messages } = watch({ kind: "stateless" });
    traffic.toUpstream(call(1, "first"));
    const before = messages().length;
    traffic.event({ event: "ended", reason: "The client went." });
    expect(calls()).toMatchObject([{ status: "lost", error_message: "The client went." }]);
    expect(messages()).toHaveLength(before);
  });

  test("ids of different types are different requests", () => {
    const { traffic, calls } = watch();
    traffic.toUpstream(call("1", "text"));
    traffic.toUpstream(call(1, "number"));
    traffic.toClient(said(1, "a"));
    expect(calls().map(({ tool }) => tool)).toEqual(["number"]);
  });

  test("answers of the client are not answers of the upstream", () => {
    const { traffic, calls, messages } = watch();
    traffic.toUpstream(call(1, "work"));
    traffic.toClient(request(1, "elicitation/create", { message: "Sure?" }));
    traffic.toUpstream(result(1, { action: "accept" }));
    expect(calls()).toEqual([]);
    expect(messages().at(-1)).toMatchObject({ content: "accept" });
    traffic.toClient(said(1, "done"));
    expect(calls().map(({ status }) => status)).toEqual(["success"]);
  });

  test("keep arguments and result as JSON that Postgres takes", () => {
    const { traffic, calls } = watch();
    let deep: unknown = "bottom";
    for (let level = 0; level < 5000; level++) deep = [deep];
    traffic.toUpstream(call(1, "work", { text: "\u0000\ud800" }));
    traffic.toClient(result(1, { content: [], structuredContent: deep }));
    const [one] = calls();
    expect(one?.arguments).toBe('{"text":"\\u0000\\ud800"}');
    const text: unknown = JSON.parse(one?.result ?? "");
    expect(text).toBeString();
  });

  const usage = (value: object, args: object = {}) => {
    const { traffic, calls } = watch();
    traffic.toUpstream(call(1, "ask", args));
    traffic.toClient(result(1, value));
    const [one] = calls();
    return [one?.model, one?.tokens_prompt, one?.tokens_completion];
  };

  test("tell of a model and of tokens where they are reported", () => {
    expect(usage({ content: [] })).toEqual([null, null, null]);
    expect(usage({ content: [] }, { model: "small" })).toEqual(["small", null, null]);
    expect(
      usage(
        {
          structuredContent: { model: "large", usage: { prompt_tokens: 3, completion_tokens: 5 } },
        },
        { model: "small" },
      ),
    ).toEqual(["large", 3, 5]);
    expect(usage({ _meta: { usage: { input_tokens: 7, output_tokens: 0 } } })).toEqual([
      null,
      7,
      0,
    ]);
    const text = JSON.stringify({ model: "m", usage: { inputTokens: 1, outputTokens: 2 } });
    expect(usage({ content: [{ type: "text", text }] })).toEqual(["m", 1, 2]);
    expect(usage({ structuredContent: { usage: { prompt_tokens: -1 } } })).toEqual([
      null,
      null,
      null,
    ]);
    expect(usage({ structuredContent: { usage: { prompt_tokens: 1.5 } } })[1]).toBeNull();
  });
});

test("a stream with ten thousand unanswered requests gives up the oldest", () => {
  const { traffic, calls } = watch();
  for (let id = 0; id <= 10_000; id++) traffic.toUpstream(call(id, `tool ${id}`));
  expect(calls().map(({ tool, status }) => [tool, status])).toEqual([["tool 0", "lost"]]);
});
