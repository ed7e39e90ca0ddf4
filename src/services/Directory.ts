/** Looks through a space: what there is of each kind, page by page, and the names that begin as somebody typed. */
import { Context, Effect, Layer } from "effect";
import { CurrentPrincipal } from "../domain/Principal.ts";
import { Database } from "../sql/Database.ts";
import {
  type ConversationPlace,
  conversationIdsBetween,
  conversationsAfter,
  keysAfter,
  recentSessions,
  startupContextsAfter,
} from "../sql/DirectoryQueries.ts";

/** How many of the latest conversations are looked at for their sessions. */
const sessionsOf = 1000;

/** The lowest and the highest UUID that begin with what was typed; undefined where none can. */
const uuidsFrom = (typed: string): readonly [string, string] | undefined => {
  const prefix = typed.toLowerCase();
  const fill = (pattern: string) => `${prefix}${pattern.slice(prefix.length)}`;
  const lowest = fill("00000000-0000-0000-0000-000000000000");
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lowest);
  return isUuid ? [lowest, fill("ffffffff-ffff-ffff-ffff-ffffffffffff")] : undefined;
};

const make = Effect.gen(function* () {
  const database = yield* Database;

  const conversations = Effect.fn("Directory.conversations")(function* (
    after: ConversationPlace | undefined,
    limit: number,
  ) {
    const { space } = yield* CurrentPrincipal;
    return yield* database.run(conversationsAfter(space, after, limit));
  });

  const startupContexts = Effect.fn("Directory.startupContexts")(function* (
    after: string | undefined,
    limit: number,
  ) {
    const { space } = yield* CurrentPrincipal;
    return yield* database.run(startupContextsAfter(space, after, limit));
  });

  const keys = Effect.fn("Directory.keys")(function* (after: string | undefined, limit: number) {
    const { space } = yield* CurrentPrincipal;
    return yield* database.run(keysAfter(space, after, limit));
  });

  const conversationIds = Effect.fn("Directory.conversationIds")(function* (
    typed: string,
    limit: number,
  ) {
    const { space } = yield* CurrentPrincipal;
    const uuids = uuidsFrom(typed);
    if (uuids === undefined) return { names: [], total: 0 };
    return yield* database.run(conversationIdsBetween(space, uuids, limit));
  });

  const sessionIds = Effect.fn("Directory.sessionIds")(function* (typed: string) {
    const { space } = yield* CurrentPrincipal;
    // No session is named by what Postgres cannot even be asked for.
    if (!typed.isWellFormed() || typed.includes("\0")) return [];
    return yield* database.run(recentSessions(space, typed, sessionsOf));
  });

  return { conversations, startupContexts, keys, conversationIds, sessionIds };
});

/** What a space holds, for who does not know yet what to ask for. */
export class Directory extends Context.Service<Directory>()("dewey/services/Directory", { make }) {
  static readonly layer = Layer.effect(Directory, Directory.make);
}
