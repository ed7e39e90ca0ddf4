/** The rules of startup contexts: named texts of which at most one is active. */
import { Context, Effect, Layer, Option } from "effect";
import { Bounds } from "../domain/Bounds.ts";
import type { Change } from "../domain/Change.ts";
import { ConfirmationRequired, NotFound } from "../domain/Errors.ts";
import { CurrentPrincipal } from "../domain/Principal.ts";
import { newId } from "../domain/Text.ts";
import { Database } from "../sql/Database.ts";
import {
  deleteStartupContext,
  findStartupContext,
  holdStartupContexts,
  listStartupContexts,
  readStartupContents,
  writeStartupContext,
} from "../sql/StartupContextQueries.ts";
import { fitting } from "./answers.ts";
import { Changes } from "./Changes.ts";
import { makeTurns } from "./turns.ts";

const noneActive = new NotFound({
  message:
    "No startup context is active. Set one with dewey_set_startup_context, or name the one to read.",
});

const noSuchName = (name: string) =>
  new NotFound({
    message: `There is no startup context named ${JSON.stringify(name)}. List the names with dewey_list_startup_contexts.`,
    details: { path: "name" },
  });

const activeNeedsForce = (name: string) =>
  new ConfirmationRequired({
    message: `${JSON.stringify(name)} is the active startup context. Repeat the call with force set to true to delete it all the same.`,
    details: { path: "force" },
  });

const changeOf = (space: string, name: string, what: Change["what"]): Change => ({
  space,
  kind: "startup_context",
  name,
  what,
});

const make = Effect.gen(function* () {
  const database = yield* Database;
  const changes = yield* Changes;
  const inTurn = makeTurns(database.limits);

  const get = Effect.fn("StartupContexts.get")(function* (parameters: { readonly name?: string }) {
    const { space } = yield* CurrentPrincipal;
    const found = yield* database.run(findStartupContext(space, parameters.name));
    if (Option.isSome(found)) return found.value;
    return yield* parameters.name === undefined ? noneActive : noSuchName(parameters.name);
  });

  const set = Effect.fn("StartupContexts.set")(function* (parameters: {
    readonly name: string;
    readonly content: string;
    readonly set_active?: boolean;
  }) {
    const { space } = yield* CurrentPrincipal;
    const { name } = parameters;
    const change = database.transaction(
      Effect.andThen(
        holdStartupContexts(space),
        writeStartupContext({
          id: newId(),
          space,
          name,
          content: parameters.content,
          active: parameters.set_active ?? true,
        }),
      ),
    );
    const told = changes.publishing(
      change,
      changeOf(space, name, "created"),
      ({ isNew, deactivated }) => [
        changeOf(space, name, isNew ? "created" : "updated"),
        ...deactivated.map((other) => changeOf(space, other, "updated")),
      ],
    );
    return (yield* inTurn(space, told)).written;
  });

  const list = Effect.fn("StartupContexts.list")(function* (parameters: {
    readonly include_content?: boolean;
  }) {
    const { space } = yield* CurrentPrincipal;
    if (parameters.include_content !== true) {
      return { contexts: yield* database.run(listStartupContexts(space)) };
    }
    const { summaries, contents } = yield* database.transaction(
      Effect.all({
        summaries: listStartupContexts(space),
        contents: readStartupContents(space, Bounds.answerBytes),
      }),
    );
    const fit = fitting(contents, summaries);
    const byId = new Map(fit.map(({ id, content }) => [id, content]));
    return {
      contexts: summaries.map((summary) => {
        const content = byId.get(summary.id);
        return content === undefined ? summary : { ...summary, content };
      }),
    };
  });

  const remove = Effect.fn("StartupContexts.delete")(function* (parameters: {
    readonly name: string;
    readonly force?: boolean;
  }) {
    const { space } = yield* CurrentPrincipal;
    const { name, force } = parameters;
    const change = database.transaction(deleteStartupContext(space, name, force ?? false));
    const deletion = changeOf(space, name, "deleted");
    const told = changes.publishing(change, deletion, (result) =>
      result === "deleted" ? [deletion] : [],
    );
    const outcome = yield* inTurn(space, told);
    switch (outcome) {
      case "missing":
        return yield* noSuchName(name);
      case "active":
        return yield* activeNeedsForce(name);
      case "deleted":
        return { deleted: true };
      default:
        return outcome satisfies never;
    }
  });

  return { get, set, list, delete: remove };
});

/** What agents read first. */
export class StartupContexts extends Context.Service<StartupContexts>()(
  "dewey/services/StartupContexts",
  { make },
) {
  static readonly layer = Layer.effect(StartupContexts, StartupContexts.make);
}
