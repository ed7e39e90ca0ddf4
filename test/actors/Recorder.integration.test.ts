// From the journal into the database: what is written, once and in order, whatever comes in between.
import { afterAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { Frame } from "../../src/domain/Frame.ts";
import { follow } from "../support/changes.ts";
import {
  beginning,
  call,
  dataFolder,
  makeTraffic,
  openRecording,
  recordedIn,
  request,
  result,
  said,
  shakeHands,
} from "../support/recording.ts";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
const { db } = dewey;
const { callsOf, contents, count, expectAllFrames, framesOf, messagesOf, withProcess } =
  recordedIn(db);
const folder = await dataFolder();
const shared = await openRecording(db.address, folder.path);
afterAll(async () => {
  await shared.close();
  await dewey.close();
  await folder[Symbol.asyncDispose]();
});

const traffic = (more?: Parameters<typeof makeTraffic>[1]) =>
  makeTraffic(shared.journal.append, more);

describe("a session", () => {
  test("is one conversation, with its frames, its messages and its tool calls", async () => {
    const session = traffic({ session: "my session", token: "laptop" });
    session.event({ event: "opened" });
    shakeHands(session);
    session.toUpstream(call(1, "echo", { message: "hello" }));
    session.at += 8;
    session.toClient(said(1, "hello narwhal"));
    session.event({ event: "closed", reason: "the client left" });
    await shared.drained();

    const read = await dewey.call("dewey_get_conversation", { conversation_id: session.id });
    expect(read).toMatchObject({
      session_id: "my session",
      message_count: 4,
      created_at: new Date(beginning + 2).toISOString(),
      updated_at: new Date(session.at).toISOString(),
      metadata: {
        source: "proxy",
        upstream: "everything",
        client: { name: "a client", version: "1.2.3" },
        token: "laptop",
        transport: "websocket",
      },
    });
    expect(read.messages.map(({ turn, role, content }) => [turn, role, content])).toEqual([
      [1, "system", "Connected to everything."],
      [2, "user", "echo\nmessage: hello"],
      [3, "assistant", "hello narwhal"],
      [4, "system", "Closed: the client left"],
    ]);
    expect(read.messages.map(({ metadata }) => metadata["frame"])).toEqual([
      undefined,
      4,
      5,
      undefined,
    ]);
    await expectAllFrames(session.id, session);
    const { calls } = await dewey.call("dewey_list_tool_calls", { conversation_id: session.id });
    expect(calls).toMatchObject([
      { tool: "echo", status: "success", duration_ms: 9, upstream: "everything" },
    ]);
    const one = await dewey.call("dewey_get_tool_call", { id: calls[0]?.id });
    expect(one).toMatchObject({
      arguments: { message: "hello" },
      result: { content: [{ type: "text", text: "hello narwhal" }] },
      metadata: { jsonrpc_id: 1, request_frame: 4, result_frame: 5 },
      created_at: new Date(beginning + 6).toISOString(),
    });
    const found = await dewey.call("dewey_search", {
      query: "narwhal",
      conversation_id: session.id,
    });
    expect(found.results.map(({ turn }) => turn)).toEqual([3]);
    expect(await count("open_requests WHERE stream", session.id)).toBe(0);
  });

  test("leaves nothing when it never got past the handshake", async () => {
    const session = traffic();
    session.event({ event: "opened" });
    shakeHands(session);
    await shared.drained();
    expect(await count("stream_openings WHERE stream", session.id)).toBe(4);
    session.toClient(request(9, "ping"));
    session.toUpstream(result(9, {}));
    session.event({ event: "closed", reason: "the client left" });
    await shared.drained();
    for (const table of [
      "stream_openings WHERE stream",
      "streams WHERE id",
      "conversations WHERE id",
    ]) {
      expect(await count(table, session.id)).toBe(0);
    }
    const brief = traffic();
    shakeHands(brief);
    brief.event({ event: "closed", reason: "the client left" });
    await shared.drained();
    expect(await count("streams WHERE id", brief.id)).toBe(0);
  });

  test("has its whole opening, however long that was ago", async () => {
    const session = traffic();
    session.event({ event: "opened" });
    await shared.drained();
    shakeHands(session);
    await shared.drained();
    session.toClient(request("p", "ping"));
    await shared.drained();
    session.toUpstream(call(1, "echo"));
    session.toUpstream(result("p", {}));
    await shared.drained();
    await expectAllFrames(session.id, session);
    expect(await contents(session.id)).toEqual(["Connected to everything.", "echo"]);
    expect(await count("stream_openings WHERE stream", session.id)).toBe(0);
  });

  test("is a conversation after a thousand entries of nothing but a handshake", async () => {
    const session = traffic();
    shakeHands(session);
    for (let id = 1; id <= 600; id++) {
      session.toUpstream(request(id, "ping"));
      session.toClient(result(id, {}));
      if (id % 100 === 0) await shared.drained();
    }
    await shared.drained();
    expect(await count("stream_openings WHERE stream", session.id)).toBe(0);
    await expectAllFrames(session.id, session);
  });

  test("of Dewey itself is kept, and never found", async () => {
    const session = traffic({ isDewey: true, upstream: "dewey" });
    session.toUpstream(call(1, "dewey_search", { query: "platypus" }));
    session.toClient(said(1, "platypus"));
    await shared.drained();
    expect(await contents(session.id)).toEqual(["dewey_search\nquery: platypus", "platypus"]);
    expect((await dewey.call("dewey_search", { query: "platypus" })).results).toEqual([]);
  });

  test("is told of to those who follow: created, then updated", async () => {
    await using follower = await follow({ ...dewey, changes: shared.changes });
    const session = traffic();
    session.toUpstream(call(1, "echo"));
    await shared.drained();
    expect(await follower.untilNamed(session.id)).toMatchObject({ what: "created" });
    const { length } = follower.told;
    session.toClient(said(1, "echo"));
    await shared.drained();
    expect(await follower.until((change) => change.kind === "conversation", length)).toMatchObject({
      name: session.id,
      what: "updated",
    });
  });

  test("takes turns with those who store into it", async () => {
    const session = traffic();
    session.toUpstream(call(0, "echo"));
    await shared.drained();
    const stores = Array.from({ length: 20 }, async (_, index) => {
      session.toUpstream(call(index + 1, "echo"));
      await dewey.call("dewey_store_message", {
        conversation_id: session.id,
        role: "user",
        content: "stored",
      });
    });
    await Promise.all(stores);
    await shared.drained();
    const turns = (await messagesOf(session.id)).map(({ turn }) => turn);
    expect(turns).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
    const read = await dewey.call("dewey_get_conversation", { conversation_id: session.id });
    expect(read.message_count).toBe(41);
  });
});

describe("what is on the wire", () => {
  test("is kept byte for byte, however large or odd", async () => {
    const session = traffic();
    const odd: ReadonlyArray<Frame> = [
      "not json",
      new Uint8Array([0, 255, 254, 0xc3, 0x28]),
      JSON.stringify(call(1, "echo", { message: "x".repeat(1024 * 1024) })),
      `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"e\\u0000\\ud800","arguments":{"\\u0000":"\\udfff"}}}`,
      JSON.stringify(call("𝕏‮日本\u0007", "𝒯", { ключ: "🦊" })),
      `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
      "",
    ];
    for (const frame of odd) session.toUpstream(frame);
    session.toClient(said(1, "y".repeat(1024 * 1024)));
    let deep: unknown = "bottom";
    for (let level = 0; level < 3000; level++) deep = { deep };
    session.toClient(result(2, { content: [], structuredContent: deep }));
    session.toClient(result("𝕏‮日本\u0007", { content: [{ type: "text", text: "\u0000" }] }));
    await shared.drained();
    await expectAllFrames(session.id, session);
    expect(await shared.run(shared.deadLetters.count)).toBe(0);
    const calls = await callsOf(session.id);
    expect(calls.map(({ status }) => status)).toEqual(["success", "success", "success"]);
    const [, , , cut] = await messagesOf(session.id);
    expect(cut).toMatchObject({ metadata: { truncated: true, content_bytes: 1024 * 1024 } });
    const { calls: listed } = await dewey.call("dewey_list_tool_calls", {
      conversation_id: session.id,
    });
    for (const { id } of listed) await dewey.call("dewey_get_tool_call", { id });
  });

  test("is cut for reading where the settings say so", () =>
    withProcess(
      async ({ journal, drained }) => {
        const session = makeTraffic(journal.append);
        session.toUpstream(call(1, "echo", { message: "x".repeat(5000) }));
        await drained();
        const [message] = await messagesOf(session.id);
        expect(String(message?.["content"]).length).toBeLessThanOrEqual(1024);
        await expectAllFrames(session.id, session);
      },
      { recordLimit: 1024 },
    ));
});

describe("requests that wait", () => {
  test("are known to the process that goes on after a death", async () => {
    await using data = await dataFolder();
    await withProcess(
      async ({ journal, drained }) => {
        const session = makeTraffic(journal.append);
        shakeHands(session);
        session.toUpstream([call(1, "first"), call(2, "second")]);
        session.toUpstream(request(3, "tools/list"));
        await drained();
        expect(await count("open_requests WHERE stream", session.id)).toBe(3);
        // The same stream in the journal of another process, as after a death of which nobody knows yet.
        await withProcess(async (other) => {
          for (const answer of [
            said(2, "second answer"),
            result(3, { tools: [] }),
            said(1, "first answer"),
          ]) {
            other.journal.append({
              _tag: "Frame",
              stream: session.id,
              id: Bun.randomUUIDv7(),
              at: session.at + 99,
              direction: "to_client",
              payload: JSON.stringify(answer),
              redactions: 0,
            });
          }
          await other.drained();
        });
        expect((await messagesOf(session.id)).slice(-2)).toMatchObject([
          { content: "second answer", metadata: { tool: "second", latency_ms: 100 } },
          { content: "first answer", metadata: { tool: "first", latency_ms: 100 } },
        ]);
        expect(await callsOf(session.id)).toMatchObject([
          { tool: "first", status: "success", metadata: { request_frame: 4, result_frame: 8 } },
          { tool: "second", status: "success", metadata: { request_frame: 4, result_frame: 6 } },
        ]);
        expect(await count("open_requests WHERE stream", session.id)).toBe(0);
      },
      { dataDir: data.path, lookEvery: "1 hour" },
    );
  });

  test("are lost when their session ends", async () => {
    const session = traffic();
    session.toUpstream(call(1, "slow"));
    await shared.drained();
    session.event({ event: "closed", reason: "the client left" });
    await shared.drained();
    const reason = "The session ended before the answer came: the client left";
    expect(await callsOf(session.id)).toMatchObject([{ status: "lost", error_message: reason }]);
    expect(await count("open_requests WHERE stream", session.id)).toBe(0);
  });
});

describe("clients without sessions", () => {
  const key = { kind: "stateless", transport: "http", client: "a client" } as const;
  const conversationsOf = async (token: string) =>
    db.rows(
      `SELECT id::text, session_id, message_count::int AS messages FROM conversations
       WHERE metadata->>'token' = $1 ORDER BY created_at`,
      [token],
    );
  const minutes = 60_000;

  test("are one conversation until half an hour of silence", async () => {
    const token = crypto.randomUUID();
    const one = traffic({ ...key, token });
    one.toUpstream(call(1, "echo"));
    one.at += 29 * minutes;
    one.toClient(said(1, "echo"));
    await shared.drained();
    const other = traffic({ ...key, token });
    other.at = one.at + 29 * minutes;
    other.toUpstream(call(1, "echo"));
    await shared.drained();
    expect(await conversationsOf(token)).toMatchObject([{ messages: 3 }]);
    other.at += 31 * minutes;
    other.toUpstream(call(2, "echo"));
    other.toUpstream(call(3, "echo"));
    await shared.drained();
    expect(await conversationsOf(token)).toMatchObject([{ messages: 3 }, { messages: 2 }]);
  });

  test("are kept apart by client, upstream and session", async () => {
    const token = crypto.randomUUID();
    const differing = [
      {},
      { client: "b" },
      { upstream: "b" },
      { session: "s1" },
      { session: "s2" },
    ];
    for (const more of differing) traffic({ ...key, token, ...more }).toUpstream(call(1, "echo"));
    await shared.drained();
    const found = await conversationsOf(token);
    expect(found).toHaveLength(5);
    expect(new Set(found.map(({ session_id }) => session_id))).toEqual(new Set([null, "s1", "s2"]));
  });

  test(
    "are one conversation across processes that record at the same time",
    () =>
      withProcess(async (other) => {
        const token = crypto.randomUUID();
        const streams = [shared, other].flatMap(({ journal }) =>
          Array.from({ length: 4 }, () => makeTraffic(journal.append, { ...key, token })),
        );
        for (let id = 0; id < 50; id++) {
          for (const stream of streams) stream.toUpstream(call(id, "echo"));
          if (id % 5 === 0) await shared.journal.flush.pipe(Effect.runPromise);
        }
        await Promise.all([shared.drained(), other.drained()]);
        const [conversation, ...more] = await conversationsOf(token);
        expect(more).toEqual([]);
        expect(conversation?.["messages"]).toBe(400);
        const frames = await framesOf(String(conversation?.["id"]));
        expect(frames.map(({ sequence }) => sequence)).toEqual(
          Array.from({ length: 400 }, (_, index) => index + 1),
        );
        const ids = frames.map(({ id }) => id);
        for (const { entries } of streams) {
          const own = new Set(entries.map(({ id }) => id));
          const sent = entries.flatMap((entry) => (entry._tag === "Frame" ? [entry.id] : []));
          expect(ids.filter((id) => own.has(String(id)))).toEqual(sent);
        }
      }),
    20_000,
  );

  test("leave nothing where they only asked what there is", async () => {
    const token = crypto.randomUUID();
    const stream = traffic({ ...key, token });
    stream.toUpstream(request(1, "server/discover"));
    stream.toClient(result(1, {}));
    await shared.drained();
    expect(await conversationsOf(token)).toEqual([]);
  });
});

describe("a conversation that was deleted", () => {
  test.each([{ force: true }, { force: false }])(
    "takes nothing more, which is counted: %p",
    ({ force }) =>
      withProcess(async ({ journal, drained, logs, close }) => {
        const session = makeTraffic(journal.append);
        session.toUpstream(call(1, "echo"));
        await drained();
        const conversation_id = session.id;
        await dewey.call("dewey_delete_conversation", { conversation_id, force });
        const before = await db.fingerprint();
        session.toClient(said(1, "echo"));
        session.toUpstream(call(2, "echo"));
        await drained();
        expect(await db.fingerprint()).toEqual(before);
        await close();
        expect(logs.filter((line) => line.includes("Dropped 2 entries"))).toHaveLength(1);
        if (!force) {
          await dewey.call("dewey_restore_conversation", { conversation_id });
          expect(await contents(session.id)).toEqual(["echo"]);
        }
      }),
  );
});
