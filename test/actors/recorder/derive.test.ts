// What is made of each kind of frame: who speaks, and what a person reads.
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { call, request, result, said, shakeHands } from "../../support/recording.ts";
import { limit, watch } from "./watch.ts";

/** What is read of one frame to the upstream, or of its answer. */
const asked = (message: object) => {
  const { traffic, messages } = watch();
  traffic.toUpstream(message);
  return messages().map(({ role, content }) => [role, content]);
};
const answered = (method: string, value: unknown, params: object = {}) => {
  const { traffic, messages } = watch();
  traffic.toUpstream(request(1, method, params));
  traffic.toClient(result(1, value));
  return messages()
    .filter(({ metadata }) => metadata["direction"] === "to_client")
    .map(({ role, content }) => [role, content]);
};

describe("what a person reads", () => {
  test("of a call: the tool's name and its arguments", () => {
    const args = { title: "Crash\nat start", labels: ["bug", "ui"], count: 3 };
    expect(asked(call(1, "create_issue", args))).toEqual([
      ["user", 'create_issue\ntitle: Crash\nat start\nlabels: ["bug","ui"]\ncount: 3'],
    ]);
  });

  test("of a result: its text, and what else there is by its kind and size", () => {
    const data = Buffer.alloc(12 * 1024).toString("base64");
    const content = [
      { type: "text", text: "two\nlines" },
      { type: "image", mimeType: "image/png", data },
      { type: "audio", mimeType: "audio/wav", data: "AAAA" },
      { type: "resource", resource: { uri: "file:///a", text: "inside" } },
      { type: "resource", resource: { uri: "file:///b", mimeType: "x/y", blob: "AAA=" } },
      { type: "resource_link", uri: "file:///c", name: "a link" },
      { type: "from_the_future", value: 1 },
    ];
    expect(answered("tools/call", { content })).toEqual([
      [
        "assistant",
        [
          "two\nlines",
          "[image image/png, 12 KB]",
          "[audio audio/wav, 3 bytes]",
          "[file:///a]\ninside",
          "[file:///b, x/y, 2 bytes]",
          "[a link file:///c]",
          '{"type":"from_the_future","value":1}',
        ].join("\n"),
      ],
    ]);
  });

  test("of structured content: JSON, where no text stands for it", () => {
    const structuredContent = { sum: 3 };
    expect(answered("tools/call", { content: [], structuredContent })).toEqual([
      ["assistant", '{"sum":3}'],
    ]);
    const content = [{ type: "text", text: "the sum is 3" }];
    expect(answered("tools/call", { content, structuredContent })).toEqual([
      ["assistant", "the sum is 3"],
    ]);
  });

  test("of a result without anything: that it is empty", () => {
    expect(answered("tools/call", { content: [] })).toEqual([["assistant", "(empty)"]]);
    expect(answered("tools/call", { content: [{ type: "text", text: "" }] })).toEqual([
      ["assistant", "(empty)"],
    ]);
    expect(answered("unknown/method", {})).toEqual([["assistant", "(empty)"]]);
  });

  test("of a tool that failed: what it says, as the tool", () => {
    const content = [{ type: "text", text: "no such file" }];
    expect(answered("tools/call", { content, isError: true })).toEqual([["tool", "no such file"]]);
  });

  test("of an error: code, message and data, as the tool", () => {
    const { traffic, messages } = watch();
    traffic.toUpstream(request(1, "tools/list"));
    traffic.toClient({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32601, message: "Method not found", data: { hint: "none" } },
    });
    expect(messages()).toMatchObject([
      {
        role: "tool",
        content: '-32601 Method not found {"hint":"none"}',
        metadata: { kind: "error", method: "tools/list", jsonrpc_id: 1 },
      },
    ]);
  });

  test("of prompts, resources and completions", () => {
    expect(asked(request(1, "prompts/get", { name: "greet", arguments: { who: "Ada" } }))).toEqual([
      ["user", "greet\nwho: Ada"],
    ]);
    expect(
      answered("prompts/get", {
        description: "A greeting",
        messages: [{ role: "user", content: { type: "text", text: "Hello Ada" } }],
      }),
    ).toEqual([["assistant", "A greeting\nuser: Hello Ada"]]);
    expect(asked(request(1, "resources/read", { uri: "file:///x" }))).toEqual([
      ["user", "file:///x"],
    ]);
    expect(
      answered("resources/read", { contents: [{ uri: "file:///x", text: "content" }] }),
    ).toEqual([["assistant", "[file:///x]\ncontent"]]);
    const completion = {
      ref: { type: "ref/prompt", name: "greet" },
      argument: { name: "who", value: "A" },
    };
    expect(asked(request(1, "completion/complete", completion))).toEqual([
      ["user", "greet\nwho: A"],
    ]);
    expect(
      answered("completion/complete", { completion: { values: ["Ada", "Alan"] } }, completion),
    ).toEqual([["assistant", "Ada\nAlan"]]);
  });

  test("of what a server asks, and of what it is answered", () => {
    const { traffic, messages } = watch();
    traffic.toClient(
      request(1, "sampling/createMessage", {
        systemPrompt: "Be brief.",
        messages: [{ role: "user", content: { type: "text", text: "Why?" } }],
      }),
    );
    traffic.toUpstream(
      result(1, { role: "assistant", content: { type: "text", text: "Because." }, model: "m" }),
    );
    traffic.toClient(
      request(2, "elicitation/create", {
        message: "Your name?",
        requestedSchema: {
          type: "object",
          properties: { name: { type: "string", title: "Name", description: "In full" } },
        },
      }),
    );
    traffic.toUpstream(result(2, { action: "accept", content: { name: "Ada" } }));
    expect(messages().map(({ role, content }) => [role, content])).toEqual([
      ["assistant", "Be brief.\nuser: Why?"],
      ["assistant", "Because."],
      ["assistant", "Your name?\nname: Name, In full"],
      ["assistant", "accept\nname: Ada"],
    ]);
  });

  test("of a result that asks for input first", () => {
    const inputRequests = {
      name: { method: "elicitation/create", params: { message: "Your name?" } },
    };
    expect(answered("tools/call", { resultType: "input_required", inputRequests })).toEqual([
      ["assistant", "name: Your name?"],
    ]);
  });

  test("of notifications: log messages, cancellations, and those that nobody knows", () => {
    const { traffic, messages } = watch();
    const notify = (method: string, params: object) =>
      traffic.toClient({ jsonrpc: "2.0", method, params });
    notify("notifications/message", { level: "error", logger: "db", data: "it broke" });
    notify("notifications/message", { level: "info", data: { a: 1 } });
    traffic.toUpstream(call(7, "slow"));
    traffic.toUpstream({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 7, reason: "changed my mind" },
    });
    notify("notifications/of/tomorrow", { what: "new" });
    expect(messages().map(({ role, content }) => [role, content])).toEqual([
      ["system", "error db: it broke"],
      ["system", 'info: {"a":1}'],
      ["user", "slow"],
      ["system", "Request 7 was cancelled: changed my mind"],
      ["system", "notifications/of/tomorrow\nwhat: new"],
    ]);
  });

  test("of a request that nobody knows: its method and parameters", () => {
    expect(asked(request(1, "tasks/get", { taskId: "t1", _meta: { a: 1 } }))).toEqual([
      ["user", "tasks/get\ntaskId: t1"],
    ]);
  });

  test("of what happened to the connection", () => {
    const { traffic, messages } = watch();
    traffic.event({ event: "opened" });
    traffic.event({ event: "upstream_lost", reason: "it exited with 1" });
    traffic.event({ event: "reconnected" });
    traffic.event({ event: "gap", frames: 3, bytes: 99, from: 0, to: 1000 });
    traffic.event({ event: "closed", reason: "the client left" });
    expect(
      messages().map(({ role, content, metadata }) => [role, metadata["event"], content]),
    ).toEqual([
      ["system", "opened", "Connected to everything."],
      ["system", "upstream_lost", "The connection to everything was lost: it exited with 1"],
      ["system", "reconnected", "Connected to everything again."],
      [
        "system",
        "gap",
        "3 frames (99 bytes) could not be kept between 1970-01-01T00:00:00.000Z and 1970-01-01T00:00:01.000Z.",
      ],
      ["system", "closed", "Closed: the client left"],
    ]);
  });

  test("of handshakes, pings, lists, progress and subscriptions: nothing", () => {
    const { traffic, messages } = watch();
    shakeHands(traffic);
    const methods = [
      "ping",
      "server/discover",
      "tools/list",
      "resources/list",
      "resources/templates/list",
      "prompts/list",
      "logging/setLevel",
      "resources/subscribe",
      "resources/unsubscribe",
      "subscriptions/listen",
    ];
    for (const [index, method] of methods.entries()) {
      traffic.toUpstream(request(index, method));
      traffic.toClient(result(index, { tools: [{ name: "echo" }] }));
    }
    traffic.toClient(request("r", "roots/list"));
    traffic.toUpstream(result("r", { roots: [] }));
    for (const method of ["progress", "tools/list_changed", "resources/updated", "initialized"]) {
      traffic.toClient({ jsonrpc: "2.0", method: `notifications/${method}`, params: {} });
    }
    expect(messages()).toEqual([]);
  });

  test("of what is not JSON-RPC: nothing, and the frame is there all the same", () => {
    const { traffic, made, messages } = watch();
    const frames = ["not json", "", "42", "null", "[]", '{"jsonrpc":"2.0"}', '{"method":1}'];
    for (const frame of frames) traffic.toUpstream(frame);
    traffic.toClient(new Uint8Array([0xff, 0x00, 0xfe]));
    expect(messages()).toEqual([]);
    expect(made.map(({ payload }) => payload?.length)).toEqual([...frames.map((f) => f.length), 3]);
  });

  test("of a batch: each of its messages, in order", () => {
    const { traffic, messages, calls, made } = watch();
    traffic.toUpstream([
      call(1, "one"),
      call(2, "two"),
      { jsonrpc: "2.0", method: "notifications/progress" },
    ]);
    traffic.toClient([said(2, "second"), said(1, "first")]);
    expect(messages().map(({ role, content }) => [role, content])).toEqual([
      ["user", "one"],
      ["user", "two"],
      ["assistant", "second"],
      ["assistant", "first"],
    ]);
    expect(calls().map(({ tool, status }) => [tool, status])).toEqual([
      ["two", "success"],
      ["one", "success"],
    ]);
    const ids = made.flatMap((one) => one.messages.map(({ id }) => id));
    expect(new Set(ids).size).toBe(4);
  });

  test("of frames that are bytes", () => {
    const { traffic, messages } = watch();
    traffic.toUpstream(Buffer.from(JSON.stringify(call(1, "écho", { text: "日本" }))));
    expect(messages().map(({ content }) => content)).toEqual(["écho\ntext: 日本"]);
  });
});

describe("content", () => {
  test("is whole up to the limit, and cut with its full size and SHA-256 past it", () => {
    const full = "é".repeat(limit / 2);
    const { traffic, messages } = watch();
    traffic.toUpstream(call(1, "a"));
    traffic.toClient(said(1, full));
    traffic.toUpstream(call(2, "a"));
    traffic.toClient(said(2, `${full}é`));
    const [, whole, , cut] = messages();
    expect(whole?.content).toBe(full);
    expect(whole?.metadata).toMatchObject({ truncated: false });
    expect(Buffer.byteLength(cut?.content ?? "")).toBeLessThanOrEqual(limit);
    expect(cut?.content).toEndWith("é\n[…]");
    expect(cut?.metadata).toMatchObject({
      truncated: true,
      content_bytes: limit + 2,
      content_sha256: createHash("sha256").update(`${full}é`).digest("hex"),
    });
  });

  test("has nothing that cannot be stored", () => {
    const { traffic, messages } = watch();
    traffic.toUpstream(call(1, "a\u0000b", { text: "\ud800 and \u0000" }));
    const [message] = messages();
    expect(message?.content).toBe("a\ufffdb\ntext: \ufffd and \ufffd");
    expect(message?.metadata["tool"]).toBe("a\ufffdb");
  });

  test("is found by a search, unless it is of calls to Dewey itself", () => {
    const vectorsOf = (isDewey: boolean) => {
      const { traffic, made } = watch({ isDewey });
      traffic.toUpstream(call(1, "dewey_search", { query: "whale" }));
      return made.flatMap((one) => one.messages.map(({ vector, length }) => [vector, length]));
    };
    expect(vectorsOf(true)).toEqual([[null, 0]]);
    expect(vectorsOf(false)[0]?.[0]).toContain("'whale'");
  });
});

describe("metadata", () => {
  test("tells of the frame, and of the request that it answers", () => {
    const { traffic, messages } = watch();
    const sent = call("id-1", "echo", { correlation_id: "c-1" });
    traffic.toUpstream(sent);
    traffic.at += 41;
    traffic.toClient(said("id-1", "hi"));
    expect(messages().map(({ metadata }) => metadata)).toEqual([
      {
        direction: "to_upstream",
        kind: "request",
        method: "tools/call",
        jsonrpc_id: "id-1",
        tool: "echo",
        correlation_id: "c-1",
        upstream: "everything",
        bytes: JSON.stringify(sent).length,
        redactions: 0,
        truncated: false,
      },
      {
        direction: "to_client",
        kind: "result",
        method: "tools/call",
        jsonrpc_id: "id-1",
        tool: "echo",
        correlation_id: "c-1",
        latency_ms: 42,
        upstream: "everything",
        bytes: JSON.stringify(said("id-1", "hi")).length,
        redactions: 0,
        truncated: false,
      },
    ]);
  });

  test("stays small, whatever a peer names things", () => {
    const { traffic, messages } = watch({ upstream: "u".repeat(100_000) });
    const long = "x".repeat(100_000);
    traffic.toUpstream(request(long, long, {}));
    traffic.toUpstream(call(long, long, { correlation_id: long }));
    traffic.event({ event: "closed", reason: long });
    for (const { metadata } of messages()) {
      expect(JSON.stringify(metadata).length).toBeLessThan(4096);
    }
  });

  test("correlates by the trace of the caller, else by the frame", () => {
    const correlationOf = (params: object) => {
      const { traffic, messages } = watch();
      const id = traffic.toUpstream(request(1, "tools/call", { name: "a", ...params }));
      return [messages()[0]?.metadata["correlation_id"], id] as const;
    };
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    expect(correlationOf({ _meta: { traceparent } })[0]).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
    const [made, frame] = correlationOf({ arguments: { correlation_id: 7 } });
    expect(made).toBe(frame);
  });
});

describe("the handshake", () => {
  const isHandshake = (message: object | string) => {
    const { traffic, made } = watch();
    traffic.toUpstream(message);
    return made.every((one) => one.isHandshake);
  };

  test("is what both protocols begin with, pings and events", () => {
    const { traffic, made } = watch();
    traffic.event({ event: "opened" });
    shakeHands(traffic);
    traffic.toUpstream(request(1, "server/discover"));
    traffic.toClient({ jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no" } });
    traffic.toClient(request(2, "ping"));
    traffic.toUpstream(result(2, {}));
    traffic.event({ event: "closed", reason: "end" });
    expect(made.map((one) => one.isHandshake)).not.toContain(false);
  });

  test("is over with anything else", () => {
    expect(isHandshake(request(1, "tools/list"))).toBe(false);
    expect(isHandshake(call(1, "a"))).toBe(false);
    expect(isHandshake('"no message"')).toBe(false);
    expect(isHandshake(result(1, {}))).toBe(false);
    expect(isHandshake({ jsonrpc: "2.0", method: "notifications/progress" })).toBe(false);
  });

  test("is not over with what is no JSON, in which nobody could read anything", () => {
    expect(isHandshake("not json")).toBe(true);
    expect(isHandshake("{")).toBe(true);
    expect(isHandshake(new Uint8Array([0xff, 0xfe]))).toBe(true);
  });

  test("tells who the client is, in both protocols", () => {
    const clientOf = (message: object) => {
      const { traffic, made } = watch();
      traffic.toUpstream(message);
      return made[0]?.stream.client;
    };
    const clientInfo = { name: "a client", version: "1" };
    const known = { name: "a client", version: "1" };
    expect(clientOf(request(0, "initialize", { clientInfo }))).toEqual(known);
    const _meta = { "io.modelcontextprotocol/clientInfo": clientInfo };
    expect(clientOf(request(0, "tools/list", { _meta }))).toEqual(known);
    expect(clientOf(request(0, "tools/list"))).toBeUndefined();
  });
});

describe("what would hold everybody up", () => {
  test("is kept and not read: what is nested too deeply, and a batch of too many", () => {
    const { traffic, made, messages, calls } = watch();
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    traffic.toUpstream(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":${deep}}}}`,
    );
    const batch = (size: number) =>
      JSON.stringify(Array.from({ length: size }, () => call(2, "a")));
    traffic.toUpstream(batch(1001));
    expect(made.map(({ isHandshake, payload }) => [isHandshake, payload === null])).toEqual([
      [false, false],
      [false, false],
    ]);
    expect(messages()).toEqual([]);
    traffic.toUpstream(batch(1000));
    expect(messages()).toHaveLength(1000);
    traffic.toClient(said(2, "done"));
    expect(calls()).toHaveLength(1);
  });

  test("is not a long row of requests under one id, which are answered in their order", () => {
    const { traffic, calls } = watch();
    const ask = (name: string) => traffic.toUpstream(call(1, name));
    const answer = () => traffic.toClient(said(1, "done"));
    ask("a");
    ask("b");
    answer();
    ask("c");
    answer();
    ask("d");
    ask("e");
    for (const _ of ["c", "d", "e"]) answer();
    ask("f");
    answer();
    expect(calls().map(({ tool }) => tool)).toEqual(["a", "b", "c", "d", "e", "f"]);
  });
});
