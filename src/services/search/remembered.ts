/** What Postgres knows of the words, kept for a while: to read it costs as much as a search for a rare word. */
import { Clock, Effect } from "effect";
import { countMatches, readStatistics, type Statistics } from "../../sql/SearchStatistics.ts";
import { languages } from "./languages.ts";
import { quoteLexeme } from "./vector.ts";

/** Postgres itself looks at the messages anew only when a tenth of them have changed. */
const statisticsKeptMillis = 10_000;
/** The first message in a language makes it a spoken one. */
const spokenKeptMillis = 1000;

/** Makes what finds something out, at most so often while nobody waits for somebody else to do it. */
const remember = <A, E, R>(find: Effect.Effect<A, E, R>, millis: number) => {
  let kept: { readonly found: A; readonly until: number } | undefined;
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis;
    if (kept !== undefined && now < kept.until) return kept.found;
    const found = yield* find;
    kept = { found, until: now + millis };
    return found;
  });
};

/** The mark of a language that many speak is among the common words; for the others the index is asked. */
const languagesIn = Effect.fnUntraced(function* ({ words }: Statistics) {
  const rare = languages.filter(({ mark }) => !words.has(mark));
  const marks = rare.map(({ mark }) => quoteLexeme(mark));
  const [any = 0] = yield* countMatches([marks.join(" | ")], 1);
  const counts = any === 0 ? [] : yield* countMatches(marks, 1);
  return languages.filter(
    (language) => words.has(language.mark) || counts[rare.indexOf(language)] === 1,
  );
});

/** What is known of the words of all messages, and the languages other than English that they are written in. */
export const rememberWords = () => {
  const statistics = remember(readStatistics(), statisticsKeptMillis);
  return {
    statistics,
    spoken: remember(Effect.flatMap(statistics, languagesIn), spokenKeptMillis),
  };
};
