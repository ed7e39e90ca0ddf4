/** What Postgres knows of the words, kept for a while: to read it costs as much as a search for a rare word. */
import { Clock, Effect } from "effect";
import { readStatistics, type Statistics } from "../../sql/SearchStatistics.ts";
import { type Language, languages } from "./languages.ts";

/** Postgres itself looks at the messages anew only when a tenth of them have changed. */
const keptMillis = 10_000;

/** Makes what reads the statistics, at most so often while nobody waits for somebody else to do it. */
export const rememberStatistics = () => {
  let kept: { readonly statistics: Statistics; readonly until: number } | undefined;
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis;
    if (kept !== undefined && now < kept.until) return kept.statistics;
    const statistics = yield* readStatistics();
    kept = { statistics, until: now + keptMillis };
    return statistics;
  });
};

/** The languages that messages are written in, as far as Postgres knows; all, while it knows nothing. */
export const languagesIn = ({ rarest, words }: Statistics): ReadonlyArray<Language> =>
  rarest === null ? languages : languages.filter(({ mark }) => words.has(mark));
