// Searching what was said in other languages than English.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fold } from "../../../src/services/search/characters.ts";
import { languages } from "../../../src/services/search/languages.ts";
import { openProcess, openTools, type Process } from "../../support/tools.ts";
import { vocabulary } from "./vocabulary.ts";

const german = [
  "Wir haben gestern zwei Katzen aus dem Tierheim geholt.",
  "Und wie heißen sie?",
  "Das Rechnungsprogramm hat heute die Häuser nicht gefunden.",
  "The cats are fine, and so is the house.",
] as const;
const spanish = [
  "¿Y eso qué es?",
  "Mi hermana busca trabajos en Sevilla desde el verano.",
] as const;
const dutch = "Wij hebben nieuwe ratten in het huis, en dat is niet alles.";
const italian = "Nell'acquario c'è ancora l'acqua dell'anno scorso.";
const english = [
  "The new release brings rates for everybody.",
  "A state of the art rat trap.",
] as const;
const long = `Das ist nicht von mir: ${"acgt".repeat(800)} ${"ж".repeat(5000)}`;

let dewey: Awaited<ReturnType<typeof openTools>>;
/** A process that begins when all is stored, and so knows what is spoken. */
let asked: Process;

const tell = async (session_id: string, ...contents: ReadonlyArray<string>) => {
  await dewey.call("dewey_store_messages_bulk", {
    session_id,
    messages: contents.map((content) => ({ role: "user", content })),
  });
};

beforeAll(async () => {
  dewey = await openTools();
  await tell("German", ...german);
  await tell("long", long);
  await tell("Spanish", ...spanish);
  await tell("Dutch", dutch);
  await tell("Italian", italian);
  await tell("English", ...english);
  asked = await openProcess(dewey.db.address);
});
afterAll(async () => {
  await asked.close();
  await dewey.close();
});

const search = async (query: string, session_id?: string) =>
  (await asked.call("dewey_search", session_id === undefined ? { query } : { query, session_id }))
    .results;

const found = async (query: string, session_id?: string) =>
  (await search(query, session_id)).map(({ content }) => content ?? "");

describe("a word", () => {
  test.each([
    ["Woher kam die Katze, die wir jetzt haben?", german[0]],
    ["Katze", german[0]],
    ["Haus", german[2]],
    ["Häuser", german[2]],
    ["HÄUSERN", german[2]],
    ["hauser", german[2]],
    ["¿Dónde busca trabajo la hermana de Marta?", spanish[1]],
    ["hermanas", spanish[1]],
    ["acquari", italian],
    ["Quanti anni ha quell'acquario?", italian],
  ])("is found in any form: %s", async (query, expected) => {
    expect(await found(query)).toContain(expected);
  });

  test.each([
    ["What did they say about Katzen?", german[0]],
    ["¿Qué pasó con las Häuser de la ciudad?", german[2]],
    ["Was sucht die Schwester, wenn sie trabajos sucht?", spanish[1]],
  ])("is found as it is written from any language: %s", async (query, expected) => {
    expect(await found(query)).toContain(expected);
  });

  test("is not found by a stem of another language", async () => {
    expect(await found("house", "German")).toEqual([german[3]]);
    expect(await found("What about the cat?", "German")).toEqual([german[3]]);
    // Dutch has one stem for “rates” and “rat”, and one for “news” and “new”.
    expect(await found("rates", "English")).toEqual([english[0]]);
    expect(await found("release -news", "English")).toEqual([english[0]]);
  });

  test("that is longer than a lexeme may be is stored and found", async () => {
    expect(await found("acgt".repeat(200))).toEqual([long]);
    expect(await found(`Кто из вас видел ${"ж".repeat(900)} и что это было?`)).toEqual([long]);
  });

  test("counts as often as it is said in any form", async () => {
    const [once, twice] = ["Die Kühe sind nicht da.", "Die Kuh ist nicht die Kühe."];
    await tell("cows", once, twice);
    expect(await found("Wo sind denn alle Kühen von der Frau?", "cows")).toEqual([twice, once]);
  });
});

describe("words without meaning", () => {
  test.each([["Was ist das?"], ["das"], ["nicht"]])(
    "are found where there is nothing else: %s",
    async (query) => {
      expect(await found(query, "German")).toContain(german[2]);
    },
  );

  test("are found in a question of nothing else", async () => {
    expect(await found("¿Qué es eso?")).toContain(spanish[0]);
    expect(await found("¿Y eso por qué no es así?", "Spanish")).toContain(spanish[0]);
  });

  test("are left out of a question that says more", async () => {
    const question = "Wie kamen wir zu den Katzen in dem Haus?";
    expect((await found(question, "German")).toSorted()).toEqual([german[2], german[0]]);
  });

  test("belong to a phrase, and to what must not occur", async () => {
    expect(await found('"aus dem Tierheim"')).toEqual([german[0]]);
    expect(await found('"dem Tierheim geholt"')).toEqual([german[0]]);
    expect(await found('"im Tierheim geholt"')).toEqual([]);
    expect(await found('Wer hat die Katzen "aus einem Tierheim" geholt?')).toEqual([]);
    expect(await found("-Katze Tierheim Häuser")).toEqual([german[2]]);
    expect(await found("Wo sind die Häuser und die Katzen -nicht", "German")).toEqual([german[0]]);
  });

  test("of English stay so in a question of another language", async () => {
    const question = 'Wer von euch hat das als "state of the art" bezeichnet?';
    expect(await found(question)).toEqual([english[1]]);
  });
});

test("the snippet shows the form that was found, and counts the forms of a word once", async () => {
  const nowhere = "Das ist nicht, was wir hier noch wissen wollten. ".repeat(20);
  await tell("snippet", `Katzen, Katzen. ${nowhere} Die Katze kam zum Hund ins Haus.`);
  const [result] = await search("Wo sind die Katzen und der Hund von der Frau?", "snippet");
  expect(result?.snippet).toContain("Die Katze kam zum Hund");
});

test("what was stored before languages were known is found as it was", async () => {
  await tell("before", "Wir haben die Hunde nicht gesehen.");
  await dewey.db.rows(
    `UPDATE messages SET search_vector = $$'wir':1 'haben':2 'die':3 'hund':4 'nicht':5 'gesehen':6$$
     WHERE content LIKE '%Hunde%'`,
  );
  expect(await found("Wer hat denn alles den Hund nicht gesehen?", "before")).toHaveLength(1);
  expect(await found("Hund", "before")).toHaveLength(1);
});

test.each([...vocabulary])(
  "the stemmer of %s that the server has agrees with ours",
  async (name, ownWord, words) => {
    await dewey.db.rows(
      `CREATE TEXT SEARCH DICTIONARY peer_${name} (TEMPLATE = snowball, LANGUAGE = ${name})`,
    );
    const rows = await dewey.db.rows(
      `SELECT (ts_lexize('peer_${name}', w))[1] AS stem FROM unnest($1::text[]) WITH ORDINALITY AS t (w, n) ORDER BY n`,
      [words],
    );
    const language = languages.findLast(({ stopWords }) => stopWords.has(ownWord));
    const others = words.filter(
      (word, at) => fold(language?.stem(word) ?? "") !== fold(String(rows[at]?.["stem"])),
    );
    // From version 18 on the server knows newer rules of German: endings of -in and -ln, and where ae, oe and ue are no umlauts.
    expect(others.filter((word) => name !== "german" || !/in$|ln$|[aou]e/.test(word))).toEqual([]);
  },
);
