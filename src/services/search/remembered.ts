/** What Postgres knows of the words, kept for a while: to read it costs as much as a search for a rare word. */
import { Clock, Effect } from "effect";
import { countMatches, readStatistics, type Statistics } from "../../sql/SearchStatistics.ts";
import { type Language, languages } from "./languages.ts";
import { tooMany } from "./stages.ts";
import { quoteLexeme } from "./vector.ts";

/** Postgres itself looks at the messages anew only when a tenth of them have changed. */
const keptMillis = 10_000;

/** Makes what finds something out, at most so often while nobody waits for somebody else to do it. */
const remember = <A, E, R>(find: Effect.Effect<A, E, R>) => {
  let kept: { readonly found: A; readonly until: number } | undefined;
  return Effect.gen(function* () {
    if (kept !== undefined && (yield* Clock.currentTimeMillis) < kept.until) return kept.found;
    const found = yield* find;
    kept = { found, until: (yield* Clock.currentTimeMillis) + keptMillis };
    return found;
  });
};

/**
 * A language is spoken where at least one message of so many is written in it: each makes every search for a few words
 * dearer, and among very many messages there are lists of words and numbers that look like one.
 */
const oneOf = 1000;

/**
 * Makes what finds the languages that messages are written in. The mark of one that many speak is among the common words;
 * for the others the index is asked, and once it has answered for one, not again.
 */
const makeSpoken = () => {
  const heard = new Set<Language>();
  return Effect.fnUntraced(function* ({ words, messages }: Statistics) {
    for (const each of languages) if (words.has(each.mark)) heard.add(each);
    const others = languages.filter((each) => !heard.has(each));
    if (others.length === 0) return languages;
    const marks = others.map(({ mark }) => quoteLexeme(mark));
    // Asked for one match alone, Postgres would rather read all messages until it meets one.
    const [any = 0] = yield* countMatches([marks.join(" | ")], tooMany);
    const counts = any === 0 ? [] : yield* countMatches(marks, tooMany);
    others.forEach((each, index) => {
      const count = counts[index] ?? 0;
      if (count > 0 && count * oneOf >= messages) heard.add(each);
    });
    return languages.filter((each) => heard.has(each));
  });
};

/** What is known of the words of all messages, and the languages other than English that they are written in. */
export const rememberWords = () => {
  const statistics = remember(readStatistics());
  return { statistics, spoken: remember(Effect.flatMap(statistics, makeSpoken())) };
};
