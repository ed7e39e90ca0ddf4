// Which language a text is taken to be in, and what becomes of its words then.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { languageOf } from "../../../src/services/search/languageOf.ts";
import { type Language, languages } from "../../../src/services/search/languages.ts";
import { parseQuery } from "../../../src/services/search/query.ts";
import { tokenize } from "../../../src/services/search/tokenize.ts";
import { quoteLexeme, searchDocument } from "../../../src/services/search/vector.ts";
import { holds } from "../../support/property.ts";

const named = (text: string): string | undefined => {
  const language = languageOf(text);
  return typeof language === "object" ? language.mark : language;
};

const marked = (mark: string): Language => {
  const language = languages.find((each) => each.mark === mark);
  if (language === undefined) throw new Error(`no language is marked ${mark}`);
  return language;
};

describe("the language of a text", () => {
  test.each([
    ["~de", "Wie heißt der Hund von Anna?"],
    ["~de", "Größe"],
    ["~de", "Können wir die Größe für das Bild ändern?".normalize("NFD")],
    ["~de", "Nein, die Tests laufen nicht mehr."],
    ["~de", "Kannst du die Funktion parseHeader so ändern, dass sie nicht wirft?"],
    ["~es", "¿Qué le pasó al gato de Marta la semana pasada?"],
    ["~da", "Hvad skal vi gøre med det, når ikke alle kan komme af sted?"],
    ["~da", "Hva skal vi gjøre med det, når ikke alle kan komme seg av gårde?"],
    ["~da", "Jeg har købt en ny bil til min kone"],
    ["~da", "Når kommer barna hjem fra skolen?"],
    ["~sv", "Vad ska vi göra med det här, när inte alla kan komma?"],
    ["~fr", "Quel est le prix de la maison que nous avons vue ?"],
    ["~it", "Qual era il nome del cane di Anna?"],
    ["~nl", "Hoe heette de hond van Anna ook weer?"],
    ["~pt", "Qual era o nome do cachorro que não quis entrar?"],
    ["~ru", "Катина кошка"],
    ["~ru", "Сколько стоил ремонт машины, и кто его оплатил?"],
  ])("%s: %s", (mark, text) => {
    expect(named(text)).toBe(mark);
  });

  test.each([
    "The build fails in CI because of a missing index.",
    "Users die in droves, and nobody was there.",
    "I told you so: it was in the war room all along",
  ])("English: %s", (text) => {
    expect(named(text)).toBe("English");
  });

  test.each([
    "die hard",
    "They die in pain.",
    "la la la la la la",
    "Katzen Tierarzt",
    "hablar de la boda",
    "van door lock repair cost",
    "file io per second limit",
    "ctrl alt end remote desktop",
    "start date end date min",
    "red hat usr bin path",
    "man page die signal kill",
    "MS-DOS COM port serial",
    "father son sea fishing boat",
    "const min = 1; const alt = 2; var end = 3; op = require('op')",
    "https://www.google.com https://github.com/foo/for/me https://a.com/b",
    "git log --oneline | head -n 5; ls -la",
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list","arguments":{"locale":"de"}}}',
    "東京都へ行きました",
    "",
  ])("nothing tells: %s", (text) => {
    expect(named(text)).toBeUndefined();
  });

  test("is told by the beginning, however long the text is", () => {
    const beginning = "Das ist der Anfang, und er ist nicht auf Englisch. ".repeat(10);
    const end = "the end of it is in English, for that is what it is. ".repeat(1000);
    expect(named(beginning + end)).toBe("~de");
  });
});

describe("a message of a known language", () => {
  test("is found by its words as they are written, by their stems, and by its language", () => {
    expect(searchDocument("Wir haben die Katzen nicht gekauft").vector).toBe(
      "'wir':1 'haben':2 'die':3 'katzen':4 'katz~de':4 'nicht':5 'gekauft':6 'gekauft~de':6 '~de'",
    );
  });

  test("has identifiers in it that are cut as in English", () => {
    expect(searchDocument("Das ist nicht die Funktion getUserById").vector).toContain("'user':6");
  });

  test("of any length has as many of its words as it would have without stems", () => {
    const words = Array.from({ length: 40_000 }, (_, at) => `wort${(at * 7919) % 1_000_003}x`).join(
      " ",
    );
    const count = (text: string) => searchDocument(text).vector.match(/'wort\d+x':/g)?.length ?? 0;
    expect(count(words)).toBeGreaterThan(10_000);
    expect(count(words)).toBeLessThan(40_000);
    expect(count(`Das ist nicht von mir: ${words}`)).toBeGreaterThan(count(words) - 10);
  });

  test("loses nothing that it would be found by without", () => {
    const words = fc.constantFrom(
      ..."die der und nicht was wir haben Katzen gekauft getUserById pool_max the of running Ｃafé 東京 C++ l'homme don't".split(
        " ",
      ),
    );
    void holds(
      fc.property(fc.array(words, { minLength: 1, maxLength: 40 }), (text) => {
        const german = `${"das ist nicht von mir. ".repeat(15)}${text.join(" ")}`;
        const { vector } = searchDocument(german);
        expect(vector).toEndWith("'~de'");
        tokenize(german, (lexeme) => {
          expect(vector).toContain(`${quoteLexeme(lexeme)}:`);
          return true;
        });
      }),
      200,
    );
  });
});

describe("a question", () => {
  const words = (text: string, spoken?: ReadonlyArray<Language>) =>
    parseQuery(text, spoken)?.words.map(({ query }) => query);

  test("of a known language asks for either form of what means something", () => {
    expect(words("Was haben wir für die Katzen bezahlt?")).toEqual([
      "('katzen' | 'katz~de')",
      "('bezahlt' | 'bezahlt~de')",
    ]);
  });

  test.each([
    ["Unter welcher Lizenz steht das, unter der MIT Lizenz?", "'mit'"],
    ["Vitamine C et vitamine D pour les enfants de la classe", "'c'"],
    ["Warum liegt das in /usr/bin und nicht in /opt?", "'bin'"],
    ["Como usar os.path no projeto que não tem outro?", "'os'"],
    ["Bis wann ist der Weg gesperrt?", "'weg'"],
    ["¿Cuánto tiempo tiene que durar el trabajo de los dos?", "'tiempo'"],
    ["Кто изменил его жизнь и почему?", "'жизнь'"],
  ])("keeps what has a meaning: %s asks for %s", (text, lexeme) => {
    expect(words(text)?.join(" ")).toContain(lexeme);
  });

  test("counts a word once, in whatever forms it is asked for", () => {
    expect(words("Wo ist die Katze, und wo sind die anderen Katzen?")).toEqual([
      "('katz' | 'katz~de' | 'katzen')",
    ]);
    expect(words("run running", [marked("~de")])).toEqual(["('run' | 'run~de' | 'running~de')"]);
    // One stem in German, and two words in English: nobody knows which is meant.
    expect(words("router route", [marked("~de")])).toHaveLength(2);
  });

  test("of a few words asks in the languages that are spoken", () => {
    expect(words("Katzen")).toEqual(["'katzen'"]);
    expect(words("Katzen", [marked("~de")])).toEqual(["('katzen' | 'katz~de')"]);
    expect(words("die hard", [marked("~de")])).toEqual(["'die'", "('hard' | 'hard~de')"]);
    expect(words("canciones", [marked("~de"), marked("~es")])).toEqual([
      "('cancion' | 'cancion~de' | 'cancion~es')",
    ]);
  });

  test("in English asks for nothing else, whatever is spoken", () => {
    expect(words("What did we pay for the houses?", languages)).toEqual(["'pay'", "'hous'"]);
  });

  test("has phrases and exclusions in all forms", () => {
    const query = parseQuery("Haustiere -Katzen", [marked("~de")]);
    expect(query?.excluded).toEqual(["('katzen' | 'katz~de')"]);
    expect(parseQuery('"blaue Katzen"', [marked("~de")])?.required).toEqual([
      "('blaue' | 'blau~de') <1> ('katzen' | 'katz~de')",
    ]);
  });
});
