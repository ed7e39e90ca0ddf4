/** Every tool and the service that answers it: one line of delegation each, behind one way of calling them. */
import { Cause, Context, Effect, Layer, Schema } from "effect";
import type { Rpc } from "effect/unstable/rpc";
import { type DeweyError, Forbidden, Internal } from "../domain/Errors.ts";
import { CurrentPrincipal, type Scope } from "../domain/Principal.ts";
import { newId } from "../domain/Text.ts";
import { Conversations } from "../services/Conversations.ts";
import { Search } from "../services/Search.ts";
import { SharedContext } from "../services/SharedContext.ts";
import { StartupContexts } from "../services/StartupContexts.ts";
import { ToolCalls } from "../services/ToolCalls.ts";
import * as Tools from "./DeweyTools.ts";
import { inputError } from "./inputErrors.ts";

type BoundTools = {
  readonly [Name in Tools.ToolName]: (
    input: unknown,
  ) => Effect.Effect<Tools.ToolSuccess<Name>, DeweyError, CurrentPrincipal>;
};

const missingScope = (scope: Scope, tool: string) =>
  new Forbidden({
    message: `The token lacks the scope ${scope}, which ${tool} needs. Use a token that has it.`,
  });

/** A fault of the program: the log gets all of it under an id, and the caller gets the id. */
const report = (tool: string, cause: Cause.Cause<unknown>) =>
  Effect.suspend(() => {
    const error_id = newId();
    return Effect.logError(`${tool} failed unexpectedly`, cause).pipe(
      Effect.annotateLogs({ error_id }),
      Effect.andThen(
        new Internal({
          message: `Something went wrong inside Dewey. Whoever runs it finds the details in the log under ${error_id}.`,
          details: { error_id },
        }),
      ),
    );
  });

/** A tool with its handler: strict decoding and the scope come before, faults of the program are reported after. */
const bind = <Payload extends Schema.ConstraintDecoder<unknown>, Success, E extends DeweyError>(
  tool: Pick<Rpc.AnyWithProps, "_tag" | "annotations"> & { readonly payloadSchema: Payload },
  handler: (payload: Payload["Type"]) => Effect.Effect<Success, E, CurrentPrincipal>,
) => {
  const decode = Schema.decodeUnknownEffect(tool.payloadSchema, { onExcessProperty: "error" });
  const { scope } = Context.getUnsafe(tool.annotations, Tools.ToolInfo);
  return (input: unknown): Effect.Effect<Success, DeweyError, CurrentPrincipal> =>
    Effect.flatMap(
      CurrentPrincipal,
      (principal): Effect.Effect<Success, DeweyError, CurrentPrincipal> => {
        if (!principal.scopes.has(scope)) return Effect.fail(missingScope(scope, tool._tag));
        return decode(input).pipe(
          Effect.mapError((error) => inputError(error.issue)),
          Effect.flatMap(handler),
        );
      },
    ).pipe(Effect.catchCauseIf(Cause.hasDies, (cause) => report(tool._tag, cause)));
};

const make = Effect.gen(function* () {
  const conversations = yield* Conversations;
  const search = yield* Search;
  const startupContexts = yield* StartupContexts;
  const sharedContext = yield* SharedContext;
  const toolCalls = yield* ToolCalls;

  const tools: BoundTools = {
    dewey_begin_conversation: bind(Tools.beginConversation, conversations.begin),
    dewey_store_message: bind(Tools.storeMessage, conversations.store),
    dewey_store_messages_bulk: bind(Tools.storeMessagesBulk, conversations.storeBulk),
    dewey_get_conversation: bind(Tools.getConversation, conversations.get),
    dewey_list_conversations: bind(Tools.listConversations, conversations.list),
    dewey_delete_conversation: bind(Tools.deleteConversation, conversations.delete),
    dewey_restore_conversation: bind(Tools.restoreConversation, conversations.restore),
    dewey_search: bind(Tools.search, search.find),
    dewey_get_startup_context: bind(Tools.getStartupContext, startupContexts.get),
    dewey_set_startup_context: bind(Tools.setStartupContext, startupContexts.set),
    dewey_list_startup_contexts: bind(Tools.listStartupContexts, startupContexts.list),
    dewey_delete_startup_context: bind(Tools.deleteStartupContext, startupContexts.delete),
    write_context: bind(Tools.writeContext, sharedContext.write),
    read_context: bind(Tools.readContext, sharedContext.read),
    list_context: bind(Tools.listContext, sharedContext.list),
    delete_context: bind(Tools.deleteContext, sharedContext.delete),
    context_history: bind(Tools.contextHistory, sharedContext.history),
    dewey_list_tool_calls: bind(Tools.listToolCalls, toolCalls.list),
    dewey_get_tool_call: bind(Tools.getToolCall, toolCalls.get),
  };

  return Tools.ToolBox.of({ call: (name, input) => tools[name](input) });
});

/** The tools over the services. */
export const ToolBoxLive = Layer.effect(Tools.ToolBox, make);
