/** The rules of recorded tool calls, which are read here and written by the recorder. */
import { Context, Effect, Layer, Option } from "effect";
import { dateSpan } from "../domain/DateBound.ts";
import { NotFound } from "../domain/Errors.ts";
import { pageOf } from "../domain/Page.ts";
import { CurrentPrincipal } from "../domain/Principal.ts";
import type { ToolCallStatus } from "../domain/ToolCall.ts";
import { Database } from "../sql/Database.ts";
import { findToolCall, listToolCalls } from "../sql/ToolCallQueries.ts";
import { fitting, nextOffset, tellShortPage, totalOf } from "./answers.ts";

const noSuchCall = new NotFound({
  message:
    "There is no recorded tool call with this id. List what there is with dewey_list_tool_calls.",
  details: { path: "id" },
});

const make = Effect.gen(function* () {
  const database = yield* Database;

  const list = Effect.fn("ToolCalls.list")(function* (parameters: {
    readonly upstream?: string;
    readonly tool?: string;
    readonly status?: ToolCallStatus;
    readonly conversation_id?: string;
    readonly correlation_id?: string;
    readonly start_date?: string;
    readonly end_date?: string;
    readonly limit?: number;
    readonly offset?: number;
  }) {
    const { space } = yield* CurrentPrincipal;
    const page = pageOf(parameters);
    const span = yield* dateSpan(parameters);
    const { calls, counted } = yield* database.run(
      listToolCalls(
        {
          space,
          upstream: parameters.upstream ?? null,
          tool: parameters.tool ?? null,
          status: parameters.status ?? null,
          conversation_id: parameters.conversation_id ?? null,
          correlation_id: parameters.correlation_id ?? null,
          span,
        },
        page,
      ),
    );
    const fit = fitting(calls);
    yield* tellShortPage(fit.length, calls.length);
    return {
      calls: fit,
      ...totalOf(counted),
      ...page,
      ...nextOffset(page.offset, calls.length, fit.length),
    };
  });

  const get = Effect.fn("ToolCalls.get")(function* (parameters: { readonly id: string }) {
    const { space } = yield* CurrentPrincipal;
    const found = yield* database.run(findToolCall(space, parameters.id));
    return Option.isSome(found) ? found.value : yield* noSuchCall;
  });

  return { list, get };
});

/** What the proxy saw of calls between clients and upstreams. */
export class ToolCalls extends Context.Service<ToolCalls>()("dewey/services/ToolCalls", { make }) {
  static readonly layer = Layer.effect(ToolCalls, ToolCalls.make);
}
