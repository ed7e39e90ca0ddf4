/** The rules of the shared context: versions that never go back, and a history of every change. */
import { Context, Effect, Layer, Option } from "effect";
import type { Change } from "../domain/Change.ts";
import { Conflict, NotFound } from "../domain/Errors.ts";
import { pageOf } from "../domain/Page.ts";
import { CurrentPrincipal } from "../domain/Principal.ts";
import {
  currentVersion,
  deleteContext,
  eraseContext,
  listChanges,
  listContext,
  readContext,
  readContextAt,
  writeContext,
} from "../sql/ContextQueries.ts";
import { Database } from "../sql/Database.ts";
import { fitting, nextOffset, tellShortPage, totalOf } from "./answers.ts";
import { Changes } from "./Changes.ts";
import { makeTurns } from "./turns.ts";

const noSuchKey = (key: string) =>
  new NotFound({
    message: `There is no shared context under the key ${key}. List the keys with list_context.`,
    details: { path: "key" },
  });

const noSuchVersion = (key: string, version: number) =>
  new NotFound({
    message: `The key ${key} has no text at version ${version}. See its versions with context_history.`,
    details: { path: "version" },
  });

const otherVersion = (key: string, expected: number, current: number) =>
  new Conflict({
    message:
      current === 0
        ? `The key ${key} does not exist, so it is not at version ${expected}. Write with if_version 0 to create it.`
        : `The key ${key} is at version ${current}, not ${expected === 0 ? "absent" : expected}. Read it again and write with if_version ${current}.`,
    details: { path: "if_version", current_version: current },
  });

const changeOf = (space: string, key: string, what: Change["what"]): Change => ({
  space,
  kind: "shared_context",
  name: key,
  what,
});

const make = Effect.gen(function* () {
  const database = yield* Database;
  const changes = yield* Changes;
  const inTurn = makeTurns(database.limits);

  const write = Effect.fn("SharedContext.write")(function* (parameters: {
    readonly key: string;
    readonly content: string;
    readonly if_version?: number;
  }) {
    const { space, name } = yield* CurrentPrincipal;
    const { key, content, if_version } = parameters;
    const change = database.run(
      Effect.gen(function* () {
        const written = yield* writeContext({
          space,
          key,
          content,
          if_version: if_version ?? null,
          changed_by: name,
        });
        if (Option.isSome(written)) return written.value;
        const current = yield* currentVersion(space, key);
        return yield* otherVersion(key, if_version ?? 0, current);
      }),
    );
    const told = changes.publishing(change, changeOf(space, key, "updated"), ({ action }) => [
      changeOf(space, key, action === "create" ? "created" : "updated"),
    ]);
    return yield* inTurn(`${space} ${key}`, told);
  });

  const read = Effect.fn("SharedContext.read")(function* (parameters: {
    readonly key: string;
    readonly version?: number;
  }) {
    const { space } = yield* CurrentPrincipal;
    const { key, version } = parameters;
    const found = yield* database.run(
      version === undefined ? readContext(space, key) : readContextAt(space, key, version),
    );
    if (Option.isSome(found)) return found.value;
    return yield* version === undefined ? noSuchKey(key) : noSuchVersion(key, version);
  });

  const list = Effect.fn("SharedContext.list")(function* (parameters: {
    readonly search?: string;
    readonly limit?: number;
    readonly offset?: number;
  }) {
    const { space } = yield* CurrentPrincipal;
    const page = pageOf(parameters);
    const { entries, counted } = yield* database.run(
      listContext(space, parameters.search ?? null, page),
    );
    return { entries, ...totalOf(counted), ...page };
  });

  const remove = Effect.fn("SharedContext.delete")(function* (parameters: {
    readonly key: string;
    readonly erase?: boolean;
  }) {
    const { space, name } = yield* CurrentPrincipal;
    const { key, erase } = parameters;
    const change = database.run(
      erase === true ? eraseContext(space, key) : deleteContext(space, key, name),
    );
    const deletion = changeOf(space, key, "deleted");
    const told = changes.publishing(change, deletion, (deleted) =>
      Option.isSome(deleted) ? [deletion] : [],
    );
    const gone = yield* inTurn(`${space} ${key}`, told);
    if (Option.isNone(gone)) return yield* noSuchKey(key);
    return { deleted: true, version: gone.value.version };
  });

  const history = Effect.fn("SharedContext.history")(function* (parameters: {
    readonly key: string;
    readonly limit?: number;
    readonly offset?: number;
  }) {
    const { space } = yield* CurrentPrincipal;
    const page = pageOf(parameters);
    const { entries, counted } = yield* database.run(listChanges(space, parameters.key, page));
    if (counted === 0) return yield* noSuchKey(parameters.key);
    const fit = fitting(entries);
    yield* tellShortPage(fit.length, entries.length);
    return {
      entries: fit,
      ...totalOf(counted),
      ...page,
      ...nextOffset(page.offset, entries.length, fit.length),
    };
  });

  return { write, read, list, delete: remove, history };
});

/** The store that the agents of a space share. */
export class SharedContext extends Context.Service<SharedContext>()(
  "dewey/services/SharedContext",
  { make },
) {
  static readonly layer = Layer.effect(SharedContext, SharedContext.make);
}
