// Recorded tool calls: rows as a recorder writes them, read by the tools.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openTools } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const statuses = ["success", "error", "cancelled", "timeout", "lost"] as const;
const ids: ReadonlyArray<string> = statuses.map(() => randomUUID());
const bare: string = randomUUID();
const { conversation_id } = await dewey.call("dewey_begin_conversation", {});

beforeAll(async () => {
  for (const [index, status] of statuses.entries()) {
    await dewey.db.rows(
      `INSERT INTO tool_calls (id, space, conversation_id, correlation_id, upstream, tool, model, status,
         duration_ms, tokens_prompt, tokens_completion, error_message, arguments, result, metadata, created_at)
       VALUES ('${ids[index]}', 'default', '${conversation_id}', 'trace ${index % 2}', 'up ${index % 2}',
         'tool ${index % 3}', 'model', '${status}', 12.5, 9007199254740991, 0, NULL,
         '{"b":1,"a":[1,{"__proto__":2}],"10":"x"}', '[null,"text",1e21]', '{"m":{}}',
         '2026-02-0${index + 1}T12:00:00Z')`,
    );
  }
  await dewey.db.rows(
    `INSERT INTO tool_calls (id, space, correlation_id, upstream, tool, status, created_at)
     VALUES ('${bare}', 'default', 'bare', '%', '_', 'lost', '2026-02-01T12:00:00Z')`,
  );
});

const list = async (more: object = {}) => {
  const { calls, total } = await dewey.call("dewey_list_tool_calls", more);
  expect(total).toBe(calls.length);
  return calls.map(({ id }) => [...ids, bare].indexOf(id));
};

test("one call, whole, with what is JSON as it is", async () => {
  const call = await dewey.call("dewey_get_tool_call", { id: ids[1] });
  expect(call).toMatchObject({
    id: ids[1],
    conversation_id,
    correlation_id: "trace 1",
    upstream: "up 1",
    tool: "tool 1",
    model: "model",
    status: "error",
    duration_ms: 12.5,
    tokens_prompt: Number.MAX_SAFE_INTEGER,
    tokens_completion: 0,
    error_message: null,
    created_at: "2026-02-02T12:00:00.000Z",
  });
  expect(JSON.stringify(call.arguments)).toBe('{"10":"x","b":1,"a":[1,{"__proto__":2}]}');
  expect(JSON.stringify(call.result)).toBe('[null,"text",1e+21]');
  expect(JSON.stringify(call.metadata)).toBe('{"m":{}}');
});

test("what an upstream did not report is null", async () => {
  const call = await dewey.call("dewey_get_tool_call", { id: bare });
  expect(call).toMatchObject({
    conversation_id: null,
    model: null,
    duration_ms: null,
    tokens_prompt: null,
    tokens_completion: null,
    error_message: null,
    arguments: null,
    result: null,
    metadata: {},
  });
});

test("an id that is not there is NOT_FOUND", async () => {
  const error = await dewey.refusal("dewey_get_tool_call", { id: randomUUID() });
  expect(error).toMatchObject({ code: "NOT_FOUND", details: { path: "id" } });
});

describe("the list", () => {
  test("is newest first, and shows rows without arguments and result", async () => {
    expect((await list()).slice(0, 4)).toEqual([4, 3, 2, 1]);
    const { calls } = await dewey.call("dewey_list_tool_calls", { limit: 1 });
    const {
      arguments: _a,
      result: _r,
      metadata: _m,
      ...row
    } = await dewey.call("dewey_get_tool_call", {
      id: ids[4],
    });
    expect(calls).toEqual([row]);
  });

  test.each([
    [{ upstream: "up 1" }, [3, 1]],
    [{ upstream: "UP 1" }, []],
    [{ upstream: "%" }, [5]],
    [{ tool: "tool 0" }, [3, 0]],
    [{ tool: "_" }, [5]],
    [{ status: "timeout" }, [3]],
    [{ status: "lost" }, [4, 5]],
    [{ correlation_id: "trace 0" }, [4, 2, 0]],
    [{ correlation_id: "trace 0", upstream: "up 0", tool: "tool 1", status: "lost" }, [4]],
    [{ correlation_id: "trace 0", status: "timeout" }, []],
    [{ start_date: "2026-02-04" }, [4, 3]],
    [{ start_date: "2026-02-04T12:00:00.001Z" }, [4]],
    [{ end_date: "2026-02-02", status: "error" }, [1]],
    [{ end_date: "2026-02-02T12:00:00Z", status: "error" }, [1]],
    [{ end_date: "2026-02-02T11:59:59.999Z", status: "error" }, []],
    [{ start_date: "2026-02-02", end_date: "2026-02-03" }, [2, 1]],
  ])("is narrowed by %j", async (filter, expected) => {
    expect(await list(filter)).toEqual(expected);
  });

  test("is narrowed by the conversation", async () => {
    expect(await list({ conversation_id })).toEqual([4, 3, 2, 1, 0]);
    expect(await list({ conversation_id: conversation_id.toUpperCase() })).toHaveLength(5);
    expect(await list({ conversation_id: randomUUID() })).toEqual([]);
  });

  test("by pages is the same list", async () => {
    const all = await list();
    for (const offset of [0, 2, 4]) {
      const page = await dewey.call("dewey_list_tool_calls", { limit: 2, offset });
      expect(page).toMatchObject({ total: 6, total_is_exact: true, limit: 2, offset });
      expect(page.calls.map(({ id }) => [...ids, bare].indexOf(id))).toEqual(
        all.slice(offset, offset + 2),
      );
    }
  });

  test("filters are 1 to 255 characters", async () => {
    for (const path of ["upstream", "tool", "correlation_id"]) {
      await dewey.call("dewey_list_tool_calls", { [path]: "😀".repeat(255) });
      for (const wrong of ["", "x".repeat(256)]) {
        const error = await dewey.refusal("dewey_list_tool_calls", { [path]: wrong });
        expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path } });
      }
    }
  });
});
