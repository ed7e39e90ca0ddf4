// The rules of searching, as a caller meets them; the second database has another locale, and has
// to answer alike.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { testCluster } from "../support/testCluster.ts";
import { openDatabase, openProcess, openTools, type Process } from "../support/tools.ts";

const dewey = await openTools();
afterAll(dewey.close);

const english = [
  "Where is pool_max set? I looked in src/sql/Pool.ts and found nothing.",
  "The default of pool_max is ten; the connection pool reads DEWEY_DB_MAX_CONNECTIONS.",
  "Yesterday we talked about the red kettle and about tea.",
  "The kettle is blue. A red fox ran by.",
  "Running tests: the runner runs all tests again after a run.",
  "getUserById returns undefined, see userRepository.findOne()",
  "Der Kühlschrank ist groß und ΣΊΣΥΦΟΣ wohnt in İstanbul nahe am Fluß",
  "I prefer C++ to C# and C, but v2.1.0 broke the build-time check",
];
const others = [
  "数据库连接池的大小在配置文件里设置",
  "昨日は東京で友達とラーメンを食べました。",
  "한국어 메시지도 저장됩니다",
  "ข้อความภาษาไทยไม่มีช่องว่าง",
  "Ёжик в тумане нашёл свою лошадь",
];
const texts = [...english, ...others];
const session_id = "search";
const anyNumber: unknown = expect.any(Number);

const fill = async (process: Process, conversation_id = randomUUID()) => {
  await process.call("dewey_begin_conversation", { conversation_id, session_id });
  await process.call("dewey_store_messages_bulk", {
    conversation_id,
    messages: texts.map((content, index) => ({
      role: index % 2 === 0 ? "user" : "assistant",
      content,
    })),
  });
  return conversation_id;
};

const conversation_id = await fill(dewey);

/** The turns that a query finds, best first. */
const find = async (query: string, more: object = {}) => {
  const { results, total, total_is_exact } = await dewey.call("dewey_search", { query, ...more });
  expect(total).toBe(results.length);
  expect(total_is_exact).toBe(true);
  expect(results.map(({ rank }) => rank)).toEqual(
    results.map(({ rank }) => rank).toSorted((a, b) => b - a),
  );
  return results.map(({ turn }) => turn);
};
const sorted = async (query: string, more: object = {}) =>
  (await find(query, more)).toSorted((a, b) => a - b);

describe("the query", () => {
  test("any word may match; more and rarer matches rank higher", async () => {
    expect(await sorted("kettle fox")).toEqual([3, 4]);
    expect(await find("kettle fox")).toEqual([4, 3]);
    expect((await find("the default of pool_max"))[0]).toBe(2);
    expect((await find("where did I look for pool_max and found nothing?"))[0]).toBe(1);
  });

  test("words match in their other forms, and whatever their case", async () => {
    expect(await find("KETTLES")).toEqual(await find("kettle"));
    expect(await sorted("tests")).toEqual([5]);
    expect(await sorted("connections")).toContain(2);
  });

  test("a phrase is binding", async () => {
    expect(await find('"red kettle"')).toEqual([3]);
    expect(await find('"kettle red"')).toEqual([]);
    expect(await find('"red kettle" fox')).toEqual([3]);
    expect(await find('"red kettle" "red fox"')).toEqual([]);
    expect(await find("“red kettle”")).toEqual([3]);
    expect(await find('"the kettle is blue"')).toEqual([4]);
    expect(await find('"the kettle blue"')).toEqual([]);
  });

  test("a word with a minus is binding too", async () => {
    expect(await sorted("kettle -fox")).toEqual([3]);
    expect(await sorted('kettle -"red fox"')).toEqual([3]);
    expect(await sorted('kettle -"fox red"')).toEqual([3, 4]);
    expect(await find("kettle -kettle")).toEqual([]);
    expect(await find("-kettle")).toEqual([]);
    // A minus within a word, or of an option, excludes nothing.
    expect(await sorted("build-time")).toEqual([8]);
    expect(await sorted("fox --kettle")).toEqual([3, 4]);
  });

  test("or is accepted", async () => {
    expect(await sorted("fox or tea")).toEqual([3, 4]);
    expect(await sorted("fox OR tea")).toEqual([3, 4]);
    expect(await find("or")).toEqual([]);
  });

  test("only stop words or punctuation, or nothing, give an empty answer", async () => {
    for (const query of [
      "",
      " ",
      "the",
      "the of and",
      "?!",
      "…",
      "-",
      "--",
      '"',
      '""',
      '"the"',
      "-the",
      "()&|!:*<->",
      "\\",
      "'",
      "%_",
      "\n\t",
      "😀",
    ]) {
      const answer = await dewey.call("dewey_search", { query, limit: 5, offset: 3 });
      expect(answer).toEqual({ results: [], total: 0, total_is_exact: true, limit: 5, offset: 3 });
    }
  });

  test("operators of the database mean nothing", async () => {
    for (const query of [
      "kettle & fox",
      "kettle | fox",
      "!kettle fox",
      "kettle:* <-> fox",
      "(kettle fox",
      "kettle\\ fox'",
    ]) {
      expect(await sorted(query)).toEqual([3, 4]);
    }
  });

  test("identifiers and paths, whole and in part", async () => {
    expect(await sorted("pool_max")).toContain(1);
    expect((await find("pool_max")).slice(0, 2).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect((await find("src/sql/Pool.ts"))[0]).toBe(1);
    expect((await find("Pool.ts"))[0]).toBe(1);
    expect(await find('"src/sql/Pool.ts"')).toEqual([1]);
    expect(await find("DEWEY_DB_MAX_CONNECTIONS")).toContain(2);
    expect(await find("getUserById")).toEqual([6]);
    expect(await find("getuserbyid")).toEqual([6]);
    expect((await find("userRepository.findOne"))[0]).toBe(6);
    expect((await find("C++"))[0]).toBe(8);
    expect(await find("v2.1.0")).toEqual([8]);
  });

  test("scripts without spaces between words", async () => {
    const at = (text: string) => texts.indexOf(text) + 1;
    const [chinese = "", japanese = "", korean = "", thai = "", russian = ""] = others;
    expect(await find("连接池")).toEqual([at(chinese)]);
    expect(await find("数据库")).toEqual([at(chinese)]);
    expect(await find("大小")).toEqual([at(chinese)]);
    expect(await find("库")).toEqual([at(chinese)]);
    expect(await find("東京")).toEqual([at(japanese)]);
    expect(await find("ラーメン")).toEqual([at(japanese)]);
    expect(await find("食べ")).toEqual([at(japanese)]);
    expect(await find("메시지도")).toEqual([at(korean)]);
    expect(await find("ภาษาไทย")).toEqual([at(thai)]);
    expect(await find("туман ЁЖИК")).toEqual([at(russian)]);
    expect(await find("池接连")).toEqual([]);
  });

  test("letters of other alphabets whatever their case", async () => {
    expect(await find("kühlschrank")).toEqual([7]);
    expect(await find("KÜHLSCHRANK")).toEqual([7]);
    expect(await find("σίσυφος")).toEqual([7]);
  });
});

describe("what is found", () => {
  test("stands beside its conversation, with its content or only with a passage of it", async () => {
    const { results } = await dewey.call("dewey_search", { query: "fox", session_id });
    const [found] = results;
    expect(results).toHaveLength(1);
    expect(found).toMatchObject({
      conversation_id,
      turn: 4,
      role: "assistant",
      content: english[3],
      metadata: {},
      session_id,
      conversation_metadata: {},
    });
    expect(found?.snippet).toContain("fox");
    expect(found?.rank).toBeGreaterThan(0);
    const short = await dewey.call("dewey_search", { query: "fox", include_content: false });
    expect<unknown>(short.results).toEqual([{ ...found, content: null, rank: anyNumber }]);
    expect(short.results[0]?.snippet).toBe(found?.snippet ?? "");
  });

  test("is the passage that matches, of a long text", async () => {
    const content = `${"filler words stand here. ".repeat(2000)}a heron at the pond${" and more".repeat(2000)}`;
    await dewey.call("dewey_store_message", {
      conversation_id,
      role: "tool",
      content,
      turn_number: 100,
    });
    const { results } = await dewey.call("dewey_search", {
      query: "heron",
      include_content: false,
    });
    expect(results[0]?.snippet).toContain("a heron at the pond");
    expect(results[0]?.snippet.length).toBeLessThan(300);
  });

  test("by pages is the same list", async () => {
    const { conversation_id: id } = await dewey.call("dewey_store_messages_bulk", {
      messages: Array.from({ length: 23 }, (_, index) => ({
        role: "user",
        content: `walrus ${"tusk ".repeat(index % 4)}`,
      })),
    });
    const page = async (limit: number, offset: number) => {
      const answer = await dewey.call("dewey_search", {
        query: "walrus tusk",
        conversation_id: id,
        limit,
        offset,
      });
      expect(answer).toMatchObject({ total: 23, total_is_exact: true, limit, offset });
      return answer.results.map(({ message_id }) => message_id);
    };
    const all = await page(100, 0);
    expect(new Set(all).size).toBe(23);
    const paged: Array<string> = [];
    for (let offset = 0; offset < 23; offset += 5) paged.push(...(await page(5, offset)));
    expect(paged).toEqual(all);
    expect(await page(5, 23)).toEqual([]);
    const { results, limit, offset } = await dewey.call("dewey_search", {
      query: "walrus",
      conversation_id: id,
    });
    expect([results.length, limit, offset]).toEqual([20, 20, 0]);
  });

  test("comes newest first where the rank is the same", async () => {
    const ids: Array<string> = [];
    for (const minute of [2, 0, 1]) {
      const { conversation_id: id } = await dewey.call("dewey_store_messages_bulk", {
        session_id: "ties",
        messages: [{ role: "user", content: "an albatross" }],
      });
      await dewey.db.rows(
        `UPDATE messages SET created_at = '2026-03-01T00:0${minute}:00Z' WHERE conversation_id = '${id}'`,
      );
      ids[minute] = id;
    }
    for (const more of [{}, { session_id: "ties" }]) {
      const { results } = await dewey.call("dewey_search", { query: "albatross", ...more });
      expect(new Set(results.map(({ rank }) => rank)).size).toBe(1);
      expect(results.map((result) => result.conversation_id)).toEqual(ids.toReversed());
      for (const [offset, id] of ids.toReversed().entries()) {
        const page = await dewey.call("dewey_search", {
          query: "albatross",
          limit: 1,
          offset,
          ...more,
        });
        expect(page.results.map((result) => result.conversation_id)).toEqual([id]);
      }
    }
  });
});

describe("filters", () => {
  const days = [
    "2026-01-01T00:00:00.000Z",
    "2026-01-02T12:00:00.000Z",
    "2026-01-02T23:59:59.999Z",
    "2026-01-03T00:00:00.000Z",
  ];
  let first = "";
  let second = "";

  beforeAll(async () => {
    const bulk = async (session: string | undefined) => {
      const { conversation_id: id } = await dewey.call("dewey_store_messages_bulk", {
        ...(session === undefined ? {} : { session_id: session }),
        messages: ["user", "assistant", "system", "tool"].map((role) => ({
          role,
          content: "an ocelot",
        })),
      });
      for (const [index, time] of days.entries()) {
        await dewey.db.rows(
          `UPDATE messages SET created_at = '${time}' WHERE conversation_id = '${id}' AND turn_number = ${index + 1}`,
        );
      }
      return id;
    };
    first = await bulk("filters");
    second = await bulk(undefined);
  });

  const turns = (more: object) => sorted("ocelot", more);

  test("by session, conversation and role, alone and together", async () => {
    expect(await turns({})).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(await turns({ session_id: "filters" })).toEqual([1, 2, 3, 4]);
    expect(await turns({ session_id: "Filters" })).toEqual([]);
    expect(await turns({ session_id: "" })).toEqual([]);
    expect(await turns({ conversation_id: first })).toEqual([1, 2, 3, 4]);
    expect(await turns({ conversation_id: second.toUpperCase() })).toEqual([1, 2, 3, 4]);
    expect(await turns({ conversation_id: second, session_id: "filters" })).toEqual([]);
    expect(await turns({ conversation_id: randomUUID() })).toEqual([]);
    for (const [index, role] of ["user", "assistant", "system", "tool"].entries()) {
      expect(await turns({ role })).toEqual([index + 1, index + 1]);
      expect(await turns({ role, conversation_id: first })).toEqual([index + 1]);
    }
  });

  test.each([
    [{ start_date: "2026-01-02" }, [2, 3, 4]],
    [{ start_date: "2026-01-02T12:00:00Z" }, [2, 3, 4]],
    [{ start_date: "2026-01-02T12:00:00.001Z" }, [3, 4]],
    [{ end_date: "2026-01-02" }, [1, 2, 3]],
    [{ end_date: "2026-01-02T12:00:00Z" }, [1, 2]],
    [{ end_date: "2026-01-02T11:59:59.999Z" }, [1]],
    [{ end_date: "2026-01-02T23:59:59.999Z" }, [1, 2, 3]],
    [{ end_date: "2026-01-03T00:00:00Z" }, [1, 2, 3, 4]],
    [{ end_date: "2025-12-31" }, []],
    [{ start_date: "2026-01-04" }, []],
    [{ start_date: "2026-01-02", end_date: "2026-01-02" }, [2, 3]],
    [{ start_date: "2026-01-02T12:00:00Z", end_date: "2026-01-02T12:00:00Z" }, [2]],
    [{ start_date: "2026-01-02T13:00:00", end_date: "2026-01-02" }, [3]],
    [{ start_date: "2026-01-02T14:00:00+02:00", end_date: "2026-01-02T14:00+0200" }, [2]],
    [{ start_date: "2026-01-01T19:00:00-05:00", end_date: "2026-01-02 12:00" }, [2]],
    [{ start_date: "2026-01-01t00:00:00z", end_date: "2026-01-01" }, [1]],
    [{ start_date: "0001-01-01", end_date: "9999-12-31" }, [1, 2, 3, 4]],
    [{ start_date: "2026-01-02", role: "system" }, [3]],
  ])("by dates: %j", async (span, expected) => {
    expect(await turns({ ...span, conversation_id: first })).toEqual(expected);
    const everywhere = expected.flatMap((turn) => [turn, turn]);
    expect(await turns(span)).toEqual(everywhere);
  });

  test("a start after the end is refused", async () => {
    for (const [start_date, end_date] of [
      ["2026-01-03", "2026-01-02"],
      ["2026-01-03T00:00:00Z", "2026-01-02"],
      ["2026-01-02T12:00:00.001Z", "2026-01-02T12:00:00Z"],
      ["2026-01-02T12:00:00Z", "2026-01-02T13:00:00+0200"],
      ["2026-01-02", "2026-01-01T23:59:59.999Z"],
    ]) {
      for (const tool of ["dewey_search", "dewey_list_tool_calls"] as const) {
        const query = tool === "dewey_search" ? { query: "ocelot" } : {};
        const error = await dewey.refusal(tool, { ...query, start_date, end_date });
        expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path: "start_date" } });
      }
    }
    // Also where there is nothing to look for.
    const empty = await dewey.refusal("dewey_search", {
      query: "",
      start_date: "2026-01-03",
      end_date: "2026-01-02",
    });
    expect(empty.code).toBe("INVALID_INPUT");
  });

  test("what is no date is refused by its path", async () => {
    for (const wrong of [
      "yesterday",
      "2026",
      "2026-1-1",
      "2026-02-30",
      "2025-02-29",
      "2026-13-01",
      "2026-01-00",
      "2026-01-01T24:00:00Z",
      "2026-01-01T10:60Z",
      "2026-01-01T10:00:60Z",
      "2026-01-01T10",
      "2026-01-01T10:00:00+15:00",
      "2026-01-01T10:00:00 UTC",
      "1767225600",
      " 2026-01-01",
      "2026-01-01\n",
      "infinity",
      "0000-01-01",
      "12026-01-01",
      "",
    ]) {
      for (const path of ["start_date", "end_date"]) {
        const error = await dewey.refusal("dewey_search", { query: "ocelot", [path]: wrong });
        expect(error).toMatchObject({ code: "INVALID_INPUT", details: { path } });
      }
    }
  });
});

describe("the same answers under any locale", () => {
  const queries = [
    "kettle fox",
    '"red kettle"',
    "kettle -fox",
    "pool_max",
    "src/sql/Pool.ts",
    "getuserbyid",
    "KÜHLSCHRANK",
    "σίσυφος",
    "istanbul",
    "İSTANBUL",
    "fluss",
    "groß",
    "连接池",
    "ラーメン",
    "ภาษาไทย",
    "ЁЖИК",
    "I",
    "ı",
    "C++",
  ];
  // Turkish has its own capital i; Swedish and Estonian sort letters elsewhere; C knows ASCII alone.
  const wanted = [
    "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'",
    "LOCALE_PROVIDER icu ICU_LOCALE 'et-EE' LOCALE 'C'",
    "LOCALE_PROVIDER libc LOCALE 'C'",
    "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'",
    "LOCALE_PROVIDER libc LOCALE 'en_US.UTF-8'",
    "LOCALE_PROVIDER libc LOCALE 'tr_TR.UTF-8'",
  ];

  const answers = async (process: Process) => {
    const conversation = await fill(process, "0197a7a4-5d1e-7c3a-9f60-3c1d5e8b2a47");
    const found: Array<unknown> = [];
    for (const query of queries) {
      for (const more of [{}, { session_id }]) {
        const { results, total } = await process.call("dewey_search", {
          query,
          conversation_id: conversation,
          ...more,
        });
        found.push([query, total, results.map(({ turn, rank, snippet }) => [turn, rank, snippet])]);
      }
    }
    // Names and keys are listed in the order of their characters, whatever the locale says of it.
    for (const name of ["b", "B", "a", "Z", "ä", "_", "é"]) {
      await process.call("dewey_set_startup_context", { name, content: "text", set_active: false });
    }
    for (const key of ["b", "B", "a", "Z", "_", "-", "."]) {
      await process.call("write_context", { key, content: "text" });
    }
    const { contexts } = await process.call("dewey_list_startup_contexts", {});
    const { entries } = await process.call("list_context", {});
    return [found, contexts.map(({ name }) => name), entries.map(({ key }) => key)];
  };

  test("as in every one that the server has", async () => {
    const cluster = await testCluster();
    const expected = await answers(dewey);
    const compared: Array<string> = [];
    const [postgres] = await dewey.db.rows(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    const builtin =
      Number(postgres?.["version"]) >= 170_000 ? ["LOCALE_PROVIDER builtin LOCALE 'C.UTF-8'"] : [];
    for (const locale of [...wanted, ...builtin]) {
      const name = `dewey_test_${randomUUID().replaceAll("-", "")}`;
      const created = await dewey.db
        .rows(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' ${locale}`)
        .then(
          () => true,
          () => false,
        );
      if (!created) continue;
      try {
        const database = await openDatabase(name);
        const process = await openProcess(database.address);
        expect(await answers(process)).toEqual(expected);
        compared.push(locale);
        await process.close();
      } finally {
        await cluster.dropDatabase(name);
      }
    }
    console.log(`Locales compared: ${compared.join("; ")}`);
    expect(compared.length).toBeGreaterThanOrEqual(2);
  });
});
