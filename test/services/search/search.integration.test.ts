import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { conditionOf, parseQuery } from "../../../src/services/search/query.ts";
import { stem } from "../../../src/services/search/stem.ts";
import { searchDocument } from "../../../src/services/search/vector.ts";
import { type Candidates, findAnywhere } from "../../../src/sql/SearchQueries.ts";
import { holds } from "../../support/property.ts";
import { openProcess, openTools, type Process } from "../../support/tools.ts";

type Tools = Awaited<ReturnType<typeof openTools>>;
let dewey: Tools;

beforeAll(async () => {
  dewey = await openTools();
});
afterAll(() => dewey.close());

/** Stores contents as the turns of a conversation of a fresh session. */
const tell = async (...contents: ReadonlyArray<string>) => {
  const session_id = crypto.randomUUID();
  const { conversation_id } = await dewey.call("dewey_store_messages_bulk", {
    session_id,
    messages: contents.map((content) => ({ role: "user", content })),
  });
  return { session_id, conversation_id };
};

const search = (input: Readonly<Record<string, unknown>>) => dewey.call("dewey_search", input);

const found = async (input: Readonly<Record<string, unknown>>): Promise<ReadonlyArray<string>> =>
  (await search(input)).results.map(({ content }) => content ?? "");

/** What a search finds in a session of its own, best first. */
const among = async (query: string, ...contents: ReadonlyArray<string>) =>
  found({ query, session_id: (await tell(...contents)).session_id });

describe("what a query finds", () => {
  test("any word may match; more and rarer matches rank higher", async () => {
    const messages = [
      "the cat sat there",
      "a dog ran by",
      "the cat met the dog",
      "the cat met the dog and an ocelot",
      "cat again",
      "nothing of that",
    ];
    const results = await among("cat dog ocelot", ...messages);
    expect(results.slice(0, 2)).toEqual([
      "the cat met the dog and an ocelot",
      "the cat met the dog",
    ]);
    expect(results).toHaveLength(5);
    expect((await among("cat ocelot", "an ocelot", "a cat", "cats", "my cat"))[0]).toBe(
      "an ocelot",
    );
  });

  test("a phrase binds, an exclusion binds", async () => {
    const messages = ["red fox", "fox red", "red green fox", "a red fox and a hen"];
    expect(await among('"red fox"', ...messages)).toEqual(["red fox", "a red fox and a hen"]);
    expect(new Set(await among('fox -"red fox"', ...messages))).toEqual(
      new Set(["fox red", "red green fox"]),
    );
    expect(await among("fox -hen -green", ...messages)).toHaveLength(2);
  });

  test("ties go by newest", async () => {
    const { session_id } = await tell("same words", "same words", "same words");
    const { results } = await search({ query: "same words", session_id });
    expect(results.map(({ turn }) => turn)).toEqual([3, 2, 1]);
    expect(new Set(results.map(({ rank }) => rank)).size).toBe(1);
  });

  test.each([
    ["東京", "昨日東京都に行きました", "京都に行きました"],
    ["京", "京都に行きました", "大阪に行きました"],
    ["北京大学", "我在北京大学学习", "我在大学学习"],
    ["pool_max", "we set pool_max to 12", "the pool at its worst"],
    ["max", "we set pool_max to 12", "the pool at its worst"],
    ["src/sql/Pool.ts", "look at /app/src/sql/Pool.ts:12", "look at src/sql/Other.ts"],
    ["sql/Pool", "look at /app/src/sql/Pool.ts:12", "look at src/sql/Other.ts"],
    ["getuserbyid", "call getUserById first", "call somebody first"],
    ["user", "call getUserById first", "call somebody first"],
    ["javascript", "I like JavaScript", "I like Java"],
    ["c++", "written in C++", "written in C"],
    ["naive cafe", "a naïve man in the Café", "a man in a bar"],
    ["went to adopt", "they go and adopted a dog", "nobody did"],
  ])("%s", async (query, match, other) => {
    expect((await among(query, other, match))[0]).toBe(match);
  });

  test("what matches nothing is not among the results, however near it stands", async () => {
    expect(await among("vet", "we saw the vet", "it was a coin", "poor thing")).toEqual([
      "we saw the vet",
    ]);
  });

  test("a turn borrows the words it lacks from turns at most three away, of its own conversation", async () => {
    const coin = "they found a coin";
    const filler = ["lovely weather", "dinner at eight", "see you then", "good night"];
    const { session_id, conversation_id } = await tell(
      "Luna swallowed it",
      "oh no",
      coin,
      ...filler,
      coin,
    );
    await dewey.call("dewey_store_messages_bulk", {
      session_id,
      messages: [...filler, "so it goes", "well well", "Luna swallowed more"].map((content) => ({
        role: "user",
        content,
      })),
    });
    const ranks = async (query: string) => {
      const { results } = await search({ query, session_id });
      const own = results.filter((result) => result.conversation_id === conversation_id);
      return new Map(own.map(({ turn, rank }) => [turn, rank]));
    };
    const alone = await ranks("coin");
    const together = await ranks("what coin did Luna swallow");
    expect(alone.get(3)).toBe(alone.get(8) ?? 0);
    expect(together.get(8)).toBe(alone.get(8) ?? 0);
    expect(together.get(3)).toBeGreaterThan(alone.get(3) ?? 0);
  });
});

describe("where a search looks", () => {
  test("conversation, session, role and dates narrow it, and leave the order", async () => {
    const session_id = crypto.randomUUID();
    const first = await dewey.call("dewey_store_messages_bulk", {
      session_id,
      messages: [
        { role: "user", content: "zebra crossing" },
        { role: "assistant", content: "zebra" },
      ],
    });
    const second = await dewey.call("dewey_store_messages_bulk", {
      session_id,
      messages: [{ role: "user", content: "zebra herd" }],
    });
    expect(await found({ query: "zebra", session_id })).toHaveLength(3);
    expect(await found({ query: "zebra", session_id, role: "assistant" })).toEqual(["zebra"]);
    expect(await found({ query: "zebra", conversation_id: second.conversation_id })).toEqual([
      "zebra herd",
    ]);
    expect(
      await found({ query: "zebra", conversation_id: first.conversation_id, role: "user" }),
    ).toEqual(["zebra crossing"]);
    const today = new Date().toISOString().slice(0, 10);
    expect(
      await found({ query: "zebra", session_id, start_date: today, end_date: today }),
    ).toHaveLength(3);
    expect(await found({ query: "zebra", session_id, end_date: "2020-01-01" })).toEqual([]);
    expect(await found({ query: "zebra", end_date: "2020-01-01" })).toEqual([]);
  });

  test("deleted conversations are not found, and restored ones are", async () => {
    const { session_id, conversation_id } = await tell("quagga");
    await dewey.call("dewey_delete_conversation", { conversation_id });
    expect(await found({ query: "quagga", session_id })).toEqual([]);
    expect(await found({ query: "quagga" })).toEqual([]);
    await dewey.call("dewey_restore_conversation", { conversation_id });
    expect(await found({ query: "quagga" })).toEqual(["quagga"]);
  });

  test("what has no search document is not found", async () => {
    const { conversation_id } = await tell("thylacine");
    await dewey.db.rows("UPDATE messages SET search_vector = NULL WHERE conversation_id = $1", [
      conversation_id,
    ]);
    expect(await found({ query: "thylacine" })).toEqual([]);
    expect(await found({ query: "thylacine", conversation_id })).toEqual([]);
  });

  test("other spaces are never seen", async () => {
    const { session_id, conversation_id } = await tell("okapi");
    const stranger = dewey.as({ space: "elsewhere" });
    for (const scope of [{}, { session_id }, { conversation_id }]) {
      const { total } = await stranger.call("dewey_search", { query: "okapi", ...scope });
      expect(total).toBe(0);
    }
  });

  test("pages follow each other, and one past the end still has the total", async () => {
    const { session_id } = await tell(...Array.from({ length: 25 }, (_, index) => `gnu ${index}`));
    const pages = await Promise.all(
      [0, 10, 20].map((offset) => search({ query: "gnu", session_id, limit: 10, offset })),
    );
    const ids = pages.flatMap(({ results }) => results.map(({ message_id }) => message_id));
    expect(new Set(ids).size).toBe(25);
    const past = await search({ query: "gnu", session_id, offset: 100 });
    expect(past).toMatchObject({ results: [], total: 25, total_is_exact: true });
  });
});

describe("over many messages", () => {
  const session_id = "many";
  const colours = ["red", "green", "blue"];
  const allColours = "red beside green beside blue";
  /** How many have one of the colours: of each thousand a third, and one message that is older than all others. */
  const ofOneColour = 24 * 333 + 1;
  /** What a quarter of the messages have, of which few are new. */
  const isOld = (bulk: number, index: number) =>
    (bulk >= 10 && bulk < 16) || (bulk === 23 && index < 40);

  beforeAll(async () => {
    await dewey.call("dewey_store_messages_bulk", {
      session_id,
      messages: [{ role: "user", content: allColours }],
    });
    for (let bulk = 0; bulk < 24; bulk++) {
      await dewey.call("dewey_store_messages_bulk", {
        session_id,
        messages: Array.from({ length: 1000 }, (_, index) => ({
          role: "user",
          content: `common ${bulk}x${index} ${colours[index % 3]} ${isOld(bulk, index) ? "old" : "new"}`,
        })),
      });
    }
  }, 60_000);

  test("totals are exact up to their bound", async () => {
    for (const scope of [{ session_id }, {}]) {
      expect(await search({ query: "blue", limit: 1, ...scope })).toMatchObject({
        total: ofOneColour,
        total_is_exact: true,
      });
      expect(await search({ query: "common", limit: 1, ...scope })).toMatchObject({
        total: 10_000,
        total_is_exact: false,
      });
    }
  });

  test("a rare word among common ones is found, with statistics and without", async () => {
    for (const statistics of ["none", "some"]) {
      if (statistics === "some") await dewey.db.rows("ANALYZE messages");
      for (const scope of [{ session_id }, {}]) {
        const page = await search({ query: "common red 0x3 unheard", limit: 2, ...scope });
        expect(page.results[0]?.content).toBe("common 0x3 red new");
        expect(page).toMatchObject({ total: 10_000, total_is_exact: false });
      }
    }
  });

  /** The results of a query by pages, as somebody reads them who never has enough. */
  const pages = async (query: string, limit: number, offsets: ReadonlyArray<number>) => {
    const read = await Promise.all(
      offsets.map((offset) => search({ query, limit, offset, include_content: true })),
    );
    for (const page of read) {
      expect(page.results).toHaveLength(limit);
      expect(page).toMatchObject({ total: 10_000, total_is_exact: false });
    }
    const results = read.flatMap((page) => page.results);
    expect(new Set(results.map(({ message_id }) => message_id)).size).toBe(results.length);
    const ranks = results.map(({ rank }) => rank);
    expect(ranks).toEqual(ranks.toSorted((left, right) => right - left));
    return results.map(({ content }) => content);
  };

  test("what has none of the rarer words fills the pages behind what has", async () => {
    const contents = await pages("7x500 common", 25, [0, 25, 50]);
    expect(contents[0]).toBe("common 7x500 blue new");
    // The turns around it, which it lends its rare word to, come before all others.
    expect(new Set(contents.slice(1, 7))).toEqual(
      new Set([
        "common 7x499 green new",
        "common 7x501 red new",
        "common 7x498 red new",
        "common 7x502 green new",
        "common 7x497 blue new",
        "common 7x503 blue new",
      ]),
    );
  });

  test("a page may begin among the rarer words and end among the others", async () => {
    const rarer = Array.from({ length: 60 }, (_, index) => `9x${index}`);
    const contents = await pages(`${rarer.join(" ")} common`, 25, [25, 50]);
    const isRarer = contents.map((content) => rarer.includes(content?.split(" ")[1] ?? ""));
    expect(isRarer).toEqual(contents.map((_, index) => index < 35));
  });

  describe("between dates", () => {
    const start_date = "2020-01-01";
    // The statistics are what makes a word common, and a process keeps them for a while.
    let other: Process;
    beforeAll(async () => {
      await dewey.db.rows("ANALYZE messages");
      other = await openProcess(dewey.db.address);
    });
    afterAll(() => other.close());
    const page = (query: string, offset: number) =>
      other.call("dewey_search", { query, start_date, limit: 100, offset });

    test("the newest of many matches are ranked first, and the total says that there are more", async () => {
      const read = [];
      for (const offset of [0, 100, 400, 450, 550, 600]) read.push(await page("blue", offset));
      for (const { results } of read) expect(results).toHaveLength(100);
      const [first] = read;
      expect(first?.total).toBeLessThan(ofOneColour);
      expect(first?.total_is_exact).toBe(false);
      // All that are behind those are counted once somebody comes to them.
      expect(read.at(-1)).toMatchObject({ total: ofOneColour, total_is_exact: true });
      const results = read.flatMap((each) => each.results);
      const ranks = results.map(({ rank }) => rank);
      expect(ranks).toEqual(ranks.toSorted((left, right) => right - left));
      // Of the pages that overlap, the later one begins with the last half of the earlier.
      expect(new Set(results.map(({ message_id }) => message_id)).size).toBe(500);
    });

    test("pages go on behind the few that are new, where most are old", async () => {
      const read = [];
      for (let offset = 0; offset < 100; offset += 20) {
        read.push(await other.call("dewey_search", { query: "old", start_date, offset }));
      }
      const results = read.flatMap((each) => each.results);
      expect(new Set(results.map(({ message_id }) => message_id)).size).toBe(100);
      const isNew = ({ content }: (typeof results)[number]) => content?.includes(" 23x");
      expect(results.map(isNew)).toEqual(results.map((_, index) => index < 40));
      const ranks = results.map(({ rank }) => rank);
      expect(ranks).toEqual(ranks.toSorted((left, right) => right - left));
      expect(read.map(({ total }) => total)).toEqual([40, 40, 500, 500, 500]);
    });

    test("what has all of the words is found, however many newer ones have one of them", async () => {
      for (const dates of [{ start_date }, {}]) {
        const { results, total_is_exact } = await other.call("dewey_search", {
          query: "red green blue",
          ...dates,
        });
        expect(results[0]?.content).toBe(allColours);
        expect(results).toHaveLength(20);
        expect(total_is_exact).toBe(false);
      }
    });

    test("what is rare is counted", async () => {
      expect(await page("common 3x5", 0)).toMatchObject({ total_is_exact: false });
      expect(await page("3x5", 0)).toMatchObject({ total: 1, total_is_exact: true });
    });
  });

  test("pages of a word that is nearly everywhere go on behind the newest that are ranked first", async () => {
    await dewey.db.rows("ANALYZE messages");
    await pages("common", 100, [1950, 2050, 2150]);
  });

  test("a word that nobody said does not choose alone", async () => {
    expect(await pages("unheard common", 10, [0, 10])).toHaveLength(20);
  });

  test("the order of time gives the same candidates as the index of words", async () => {
    const query = parseQuery("blue 3x5");
    if (query === undefined) throw new Error("asks for nothing");
    const page = (candidates: Candidates, most: number) =>
      dewey.run(
        dewey.database.run(
          findAnywhere(
            {
              space: "default",
              condition: conditionOf(query, query.words),
              terms: query.terms.map((term) => ({ ...term, frequency: null })),
              role: "user",
              span: { from: "2020-01-01T00:00:00Z", to: null, toExclusive: false },
              page: { limit: 50, offset: 0 },
              contentLength: 100,
              messages: 24_000,
              most,
              skipped: 20,
              lenders: null,
            },
            candidates,
          ),
        ),
      );
    for (const most of [20_000, 100]) {
      const walked = await page({ by: "time", past: 30_000 }, most);
      expect(walked).toEqual(await page({ by: "words" }, most));
      expect(walked.total).toBe(Math.min(most, ofOneColour - 20));
    }
  });

  test("a small space is searched whole where its words are common elsewhere", async () => {
    await dewey.db.rows("ANALYZE messages");
    const other = dewey.as({ space: "small" });
    await other.call("dewey_store_messages_bulk", {
      messages: [{ role: "user", content: "common ground" }],
    });
    expect(await other.call("dewey_search", { query: "common" })).toMatchObject({
      total: 1,
      total_is_exact: true,
    });
  });
});

describe("Postgres takes what is made for it", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc
      .array(
        fc.constantFrom("'", '"', "\\", "-", ":*", "|", "&", "!", "(", "a", "京", "ʼn", " ", "x_y"),
      )
      .map((parts) => parts.join("")),
  );

  test("every search document, as it is", async () => {
    await holds(
      fc.asyncProperty(fc.array(text, { minLength: 20, maxLength: 40 }), async (texts) => {
        const vectors = texts.map((each) => searchDocument(each).vector);
        const [row] = await dewey.db.rows(
          "SELECT array_agg(length(v::tsvector) ORDER BY n) AS lengths FROM unnest($1::text[]) WITH ORDINALITY AS t (v, n)",
          [vectors],
        );
        expect(row?.["lengths"]).toEqual(vectors.map(lexemeCount));
      }),
      15,
    );
  });

  test("every query, and answers it", async () => {
    await holds(
      fc.asyncProperty(text, async (query) => {
        fc.pre(query.isWellFormed() && !query.includes("\u0000"));
        const scope = { session_id: "none", limit: 1 };
        expect(await search({ query, limit: 1 })).toHaveProperty("total");
        expect(await search({ query, ...scope })).toMatchObject({ total: 0 });
      }),
      150,
    );
  });

  test("a message is found by whatever stands in it", async () => {
    await holds(
      fc.asyncProperty(text, async (content) => {
        fc.pre(content.isWellFormed() && !content.includes("\u0000") && content !== "");
        const { conversation_id } = await tell(content);
        const query = content.replace(/["\-\u201C-\u201F\uFF02]/g, " ");
        const expected = parseQuery(query) === undefined ? 0 : 1;
        expect(await search({ query, conversation_id })).toMatchObject({ total: expected });
      }),
      100,
    );
  });

  test("a mebibyte of different words is stored, and its beginning found", async () => {
    const words = Array.from({ length: 180_000 }, (_, index) => `q${index.toString(36)}`).join(" ");
    const { conversation_id } = await tell(words.slice(0, 1024 * 1024));
    const { total, results } = await search({ query: "q2s", conversation_id });
    expect(total).toBe(1);
    expect(results[0]?.snippet).toContain("q2s");
  }, 30_000);

  test("ts_rank counts occurrences as the ranking reads it", async () => {
    const ranks = await Promise.all(
      [1, 2, 3, 10, 63].map(async (count) => {
        const [row] = await dewey.db.rows(
          "SELECT ts_rank('{1,1,1,1}', $1::tsvector, 'fox'::tsquery) * pi() * pi() / 6 AS sum",
          [searchDocument(`${"fox ".repeat(count)} hen hen`).vector],
        );
        return [count, row?.["sum"]] as const;
      }),
    );
    for (const [count, sum] of ranks) {
      let expected = 0;
      for (let each = 1; each <= count; each++) expected += 1 / (each * each);
      expect(sum).toBeCloseTo(expected, 5);
    }
  });

  test("its own English stemmer agrees with ours", async () => {
    await dewey.db.rows(
      "CREATE TEXT SEARCH DICTIONARY peer (TEMPLATE = snowball, LANGUAGE = english)",
    );
    const suffixes =
      " s es ed ing ly edly ingly eed ies ied ational tional ation ator izer ization alism aliti fulness ousness iveness biliti bli ogi li ement ment ance ence able ible ant ent ism ate iti ous ive ize ion al er ic icate iciti ical ness ful y e ll".split(
        " ",
      );
    const stems =
      "abil act adopt agr arsen arrang bias canc commun cr dog ey fall gener happ hop invent juic ki knock log luxur mat neighb obl pl quest rat say sens sh succe tact univers vent wr yell z".split(
        " ",
      );
    const words = stems.flatMap((start) => suffixes.map((suffix) => start + suffix));
    const rows = await dewey.db.rows(
      "SELECT (ts_lexize('peer', w))[1] AS stem FROM unnest($1::text[]) WITH ORDINALITY AS t (w, n) ORDER BY n",
      [words],
    );
    expect(words.map(stem)).toEqual(rows.map((row) => String(row["stem"])));
  });
});

/** How many lexemes a tsvector literal has: quoted runs, where a doubled quote does not end one. */
const lexemeCount = (vector: string): number => vector.match(/'(?:[^']|'')*'/g)?.length ?? 0;
