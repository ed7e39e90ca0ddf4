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
import { fitting, tellShortPage } from "./answers.ts";
import { Changes } from "./Changes.ts";
import { makeTurns } from "./turns.ts";

/** More names than fit into an answer: each takes at least so many bytes there. */
const mostNames = Math.ceil(Bounds.answerBytes / 150);

/** What the place to go on takes at most: nothing is longer as JSON than characters that have to be escaped. */
const widestName = "\u0001".repeat(Bounds.startupContextNameLength);

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

/** The names that fit into one answer, and as many of their texts as do beside them. */
const readPage = Effect.fnUntraced(function* (request: {
  readonly space: string;
  readonly after_name: string | undefined;
  readonly withTexts: boolean;
}) {
  const { space, after_name, withTexts } = request;
  const found = yield* listStartupContexts(space, after_name, mostNames);
  const page = fitting(found, widestName);
  const [first, last] = [page.at(0), page.at(-1)];
  const contents =
    withTexts && first !== undefined && last !== undefined
      ? yield* readStartupContents(space, [first.name, last.name], Bounds.answerBytes)
      : [];
  const fit = fitting(contents, [page, widestName], 0);
  const texts = new Map(fit.map(({ id, content }) => [id, content]));
  return { length: found.length, page, texts };
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
    readonly after_name?: string;
  }) {
    const { space } = yield* CurrentPrincipal;
    const { include_content, after_name } = parameters;
    const { length, page, texts } = yield* database.run(
      readPage({ space, after_name, withTexts: include_content === true }),
    );
    yield* tellShortPage(page.length, length);
    const last = page.at(-1);
    return {
      contexts: page.map((summary) => {
        const content = texts.get(summary.id);
        return content === undefined ? summary : { ...summary, content };
      }),
      ...(last !== undefined && page.length < length ? { next_after_name: last.name } : {}),
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
