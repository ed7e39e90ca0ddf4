/** The rules of searching messages: filters, pages, and what of a message is shown. */
import { Context, Effect, Layer } from "effect";
import { Bounds } from "../domain/Bounds.ts";
import { dateSpan } from "../domain/DateBound.ts";
import type { Role, SearchResult } from "../domain/Message.ts";
import { pageOf } from "../domain/Page.ts";
import { CurrentPrincipal } from "../domain/Principal.ts";
import { Database } from "../sql/Database.ts";
import type { Found } from "../sql/searchRanking.ts";
import { fitting, nextOffset, tellShortPage } from "./answers.ts";
import { reportProgress } from "./Reports.ts";
import { findEverywhere, findWithin } from "./search/find.ts";
import { isPicked, parseQuery } from "./search/query.ts";
import { makeQueue } from "./search/queue.ts";
import { rememberWords } from "./search/remembered.ts";
import { snippet } from "./search/snippet.ts";

/** How many characters of a message its snippet is looked for in, where the content is not asked for. */
const snippetSource = 64 * 1024;

const make = Effect.gen(function* () {
  const database = yield* Database;
  const { statistics, spoken } = rememberWords();
  // Words are found as they are written without it.
  const spokenOrNone = Effect.catch(spoken, (error) =>
    Effect.as(Effect.logDebug("It is not known which languages are spoken.", error), []),
  );
  const queue = yield* makeQueue(database.limits);

  const search = Effect.fn("Search.find")(function* (parameters: {
    readonly query: string;
    readonly session_id?: string;
    readonly conversation_id?: string;
    readonly role?: Role;
    readonly start_date?: string;
    readonly end_date?: string;
    readonly limit?: number;
    readonly offset?: number;
    readonly include_content?: boolean;
  }) {
    const { space } = yield* CurrentPrincipal;
    const page = pageOf(parameters);
    const span = yield* dateSpan(parameters);
    const plain = parseQuery(parameters.query);
    if (plain === undefined) return { results: [], total: 0, total_is_exact: true, ...page };
    const asked = {
      space,
      session_id: parameters.session_id ?? null,
      conversation_id: parameters.conversation_id ?? null,
      role: parameters.role ?? null,
      span,
      page,
      contentLength: parameters.include_content === false ? snippetSource : Bounds.contentBytes,
    };
    const isScoped = asked.session_id !== null || asked.conversation_id !== null;
    const ranked = Effect.gen(function* () {
      const query = isPicked(parameters.query)
        ? (parseQuery(parameters.query, yield* spokenOrNone) ?? plain)
        : plain;
      const best = isScoped
        ? yield* findWithin({ ...asked, query })
        : yield* findEverywhere({ ...asked, query }, yield* statistics);
      return { ...best, understood: query };
    });
    const { understood, found, total, total_is_exact } = yield* queue.enter(
      space,
      database.run(ranked),
    );
    yield* reportProgress(2, 2, "Ranked the messages that match.");
    const shown = (row: Found): SearchResult => ({
      ...row,
      content: parameters.include_content === false ? null : row.content,
      snippet: snippet(row.content, understood),
    });
    const results = found.map(shown);
    const fit = fitting(results);
    yield* tellShortPage(fit.length, results.length);
    return {
      results: fit,
      total,
      total_is_exact,
      ...page,
      ...nextOffset(page.offset, results.length, fit.length),
    };
  });

  return { find: search };
});

/** Finds messages by what was said. */
export class Search extends Context.Service<Search>()("dewey/services/Search", { make }) {
  static readonly layer = Layer.effect(Search, Search.make);
}
