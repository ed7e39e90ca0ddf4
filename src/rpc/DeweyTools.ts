/**
 * The one contract of all doors: every tool with its schemas, what a model reads of it, and the scope it needs.
 * Clients ship with this file, so it imports nothing but the domain. Its many lines stay together, as the contract is
 * read as one page.
 */
import { Context, type Effect, Schema } from "effect";
import { Rpc, RpcGroup } from "effect/unstable/rpc";
import { Bounds } from "../domain/Bounds.ts";
import {
  ContextChange,
  ContextEntry,
  ContextKey,
  ContextWritten,
  ExpectedVersion,
  ListedContextEntry,
  Version,
} from "../domain/ContextEntry.ts";
import {
  ConversationId,
  ConversationSort,
  ConversationSummary,
  NewConversationParameters,
  SessionId,
} from "../domain/Conversation.ts";
import { DateSpanParameters } from "../domain/DateBound.ts";
import { DeweyError } from "../domain/Errors.ts";
import {
  Message,
  MessageBatch,
  NewMessageParameters,
  Role,
  SearchResult,
} from "../domain/Message.ts";
import { limitUpTo, PageFields, PageParameters } from "../domain/Page.ts";
import type { CurrentPrincipal, Scope } from "../domain/Principal.ts";
import {
  ListedStartupContext,
  StartupContext,
  StartupContextName,
  StartupContextSummary,
} from "../domain/StartupContext.ts";
import {
  JsonObject,
  longText,
  optional,
  shortText,
  Timestamp,
  textUpTo,
  uuid,
} from "../domain/Text.ts";
import { ToolCall, ToolCallStatus, ToolCallSummary } from "../domain/ToolCall.ts";

/** What a call does to the data, from which doors derive their hints: `replaces` loses what was there before. */
export type ToolEffect = "reads" | "adds" | "settles" | "replaces" | "deletes";

/** What a door shows of a tool, and the scope that a caller needs for it. */
export class ToolInfo extends Context.Service<
  ToolInfo,
  {
    readonly title: string;
    readonly description: string;
    readonly scope: Scope;
    readonly effect: ToolEffect;
  }
>()("dewey/rpc/ToolInfo") {}

const tool = <
  const Name extends string,
  Payload extends Schema.Struct.Fields,
  Success extends Schema.Struct.Fields,
>(
  name: Name,
  info: ToolInfo["Service"],
  payload: Payload,
  success: Success,
) =>
  Rpc.make(name, {
    payload: Schema.Struct(payload),
    success: Schema.Struct(success),
    error: DeweyError,
  }).annotate(ToolInfo, info);

const flag = (description: string) => optional(Schema.Boolean, description);

const named = (name: string) => optional(shortText(1, Bounds.filterLength), name);

const nextOffset = Schema.optionalKey(
  Schema.Int.annotate({
    description: "There only when the page ended early at 8 MiB: the offset to go on with.",
  }),
);

/** Opens a conversation. */
export const beginConversation = tool(
  "dewey_begin_conversation",
  {
    title: "Begin a conversation",
    description:
      "Opens a new conversation to store messages in, and returns its conversation_id. Call it once at the start of a session; give session_id to find all conversations of the session again.",
    scope: "write",
    effect: "settles",
  },
  {
    ...NewConversationParameters,
    conversation_id: optional(
      uuid("The caller's own UUID."),
      "The caller's own UUID for the conversation: beginning it again with the same data answers as the first time, so a call may be repeated after any failure.",
    ),
  },
  {
    conversation_id: Schema.String,
    session_id: Schema.NullOr(Schema.String),
    created_at: Timestamp,
  },
);

/** Appends a message. */
export const storeMessage = tool(
  "dewey_store_message",
  {
    title: "Store a message",
    description:
      "Appends one message to a conversation and returns its message_id and turn_number. Use dewey_store_messages_bulk for more than a few.",
    scope: "write",
    effect: "adds",
  },
  { conversation_id: ConversationId, ...NewMessageParameters },
  { message_id: Schema.String, turn_number: Schema.Int, created_at: Timestamp },
);

/** Appends many messages, or begins a conversation with them. */
export const storeMessagesBulk = tool(
  "dewey_store_messages_bulk",
  {
    title: "Store many messages",
    description:
      "Stores up to 1000 messages at once, all or nothing, in the order given. Without conversation_id it begins a new conversation with session_id and metadata.",
    scope: "write",
    effect: "adds",
  },
  {
    messages: MessageBatch,
    conversation_id: optional(
      ConversationId,
      "The conversation to append to; left out, a new one is begun.",
    ),
    ...NewConversationParameters,
  },
  {
    conversation_id: Schema.String,
    stored: Schema.Int,
    message_ids: Schema.Array(Schema.String),
  },
);

/** Reads a conversation by turns. */
export const getConversation = tool(
  "dewey_get_conversation",
  {
    title: "Read a conversation",
    description:
      "Returns a conversation with its messages by turn. Where next_after_turn is a number there are more: call again with it as after_turn.",
    scope: "read",
    effect: "reads",
  },
  {
    conversation_id: ConversationId,
    after_turn: optional(
      Schema.Int.check(
        Schema.isBetween(
          { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          { expected: "a whole number of at least 0" },
        ),
      ),
      "Only the messages after this turn (default 0: from the start).",
    ),
    limit: limitUpTo(
      Bounds.conversationPageLimit,
      `How many messages to return, 1 to ${Bounds.conversationPageLimit} (default: all, up to ${Bounds.conversationPageLimit}).`,
    ),
  },
  {
    conversation_id: Schema.String,
    session_id: Schema.NullOr(Schema.String),
    created_at: Timestamp,
    updated_at: Timestamp,
    metadata: JsonObject,
    message_count: Schema.Int,
    messages: Schema.Array(Message),
    next_after_turn: Schema.NullOr(Schema.Int),
  },
);

/** Lists conversations, newest first. */
export const listConversations = tool(
  "dewey_list_conversations",
  {
    title: "List conversations",
    description:
      "Lists conversations, newest first, of all sessions or of one. Use dewey_search to find them by what was said.",
    scope: "read",
    effect: "reads",
  },
  {
    session_id: optional(SessionId, "Only the conversations of this session."),
    ...PageParameters,
    sort_by: optional(
      ConversationSort,
      "By the last change (updated_at, the default) or by the beginning (created_at).",
    ),
  },
  {
    conversations: Schema.Array(ConversationSummary),
    ...PageFields,
    next_offset: nextOffset,
  },
);

/** Moves a conversation to the trash, or erases it. */
export const deleteConversation = tool(
  "dewey_delete_conversation",
  {
    title: "Delete a conversation",
    description:
      "Moves a conversation to the trash, from where dewey_restore_conversation brings it back until recoverable_until. With force it is erased at once and for ever.",
    scope: "delete",
    effect: "deletes",
  },
  {
    conversation_id: ConversationId,
    force: flag("Erase it at once, without the trash (default false)."),
  },
  {
    deleted: Schema.Boolean,
    messages_deleted: Schema.Int,
    recoverable_until: Schema.NullOr(Timestamp),
  },
);

/** Brings a conversation back. */
export const restoreConversation = tool(
  "dewey_restore_conversation",
  {
    title: "Restore a conversation",
    description: "Brings a conversation back from the trash with all its messages.",
    scope: "write",
    effect: "settles",
  },
  { conversation_id: ConversationId },
  { conversation_id: Schema.String, restored: Schema.Boolean, message_count: Schema.Int },
);

/** Finds messages by relevance. */
export const search = tool(
  "dewey_search",
  {
    title: "Search messages",
    description:
      'Finds messages by what was said, best first. Ask in words or whole questions: any word may match, in any of its forms, more and rarer words rank higher. "A phrase" must occur, -word must not. Narrow it by session, conversation, role or dates.',
    scope: "read",
    effect: "reads",
  },
  {
    query: shortText(0, Bounds.searchQueryLength).annotate({
      description: "What to look for (at most 1000 characters).",
    }),
    session_id: optional(SessionId, "Only in the conversations of this session."),
    conversation_id: optional(ConversationId, "Only in this conversation."),
    role: optional(Role, "Only messages of this role."),
    ...DateSpanParameters,
    ...PageParameters,
    include_content: flag(
      "Return the whole content beside the snippet (default true); false keeps the answer short.",
    ),
  },
  {
    results: Schema.Array(SearchResult),
    ...PageFields,
    next_offset: nextOffset,
  },
);

/** Reads what an agent should read first. */
export const getStartupContext = tool(
  "dewey_get_startup_context",
  {
    title: "Read a startup context",
    description:
      "Returns the text that an agent should read first: the active startup context, or the one named. Call it at the start of a session.",
    scope: "read",
    effect: "reads",
  },
  { name: optional(StartupContextName, "Its name; left out, the active one is returned.") },
  StartupContext.fields,
);

/** Writes it, and makes it the active one. */
export const setStartupContext = tool(
  "dewey_set_startup_context",
  {
    title: "Write a startup context",
    description:
      "Creates or replaces the startup context of that name and makes it the active one, unless set_active is false.",
    scope: "write",
    effect: "replaces",
  },
  {
    name: StartupContextName.annotate({ description: "Its name, 1 to 255 characters." }),
    content: longText(Bounds.startupContextBytes, "The text (at most 1 MiB)."),
    set_active: flag("Whether it becomes the active one (default true)."),
  },
  StartupContextSummary.fields,
);

/** Lists them by name. */
export const listStartupContexts = tool(
  "dewey_list_startup_contexts",
  {
    title: "List startup contexts",
    description: "Lists the startup contexts by name, and says which one is active.",
    scope: "read",
    effect: "reads",
  },
  {
    include_content: flag(
      "Return the texts too (default false); past 8 MiB the rest come without theirs.",
    ),
    after_name: optional(
      StartupContextName,
      "Only those behind this name (default: from the first).",
    ),
  },
  {
    contexts: Schema.Array(ListedStartupContext),
    next_after_name: Schema.optionalKey(
      Schema.String.annotate({
        description: "There only when the page ended early at 8 MiB: the after_name to go on with.",
      }),
    ),
  },
);

/** Deletes one. */
export const deleteStartupContext = tool(
  "dewey_delete_startup_context",
  {
    title: "Delete a startup context",
    description: "Deletes the startup context of that name for ever. The active one needs force.",
    scope: "delete",
    effect: "deletes",
  },
  {
    name: StartupContextName.annotate({ description: "Its name." }),
    force: flag("Delete it although it is the active one (default false)."),
  },
  { deleted: Schema.Boolean },
);

const contextKey = ContextKey.annotate({
  description: "The key: 1 to 255 characters of A-Z a-z 0-9 _ . -",
});

/** Writes the next version of a key. */
export const writeContext = tool(
  "write_context",
  {
    title: "Write shared context",
    description:
      "Writes a text under a key that all agents of the space share. Every version is kept. With if_version it is written only if nobody else wrote since.",
    scope: "write",
    effect: "adds",
  },
  {
    key: contextKey,
    content: textUpTo(Bounds.contextBytes, "The text (at most 100 KiB)."),
    if_version: optional(
      ExpectedVersion,
      "Write only if this is the current version; 0 means only if the key does not exist.",
    ),
  },
  ContextWritten.fields,
);

/** Reads a key, as it is or was. */
export const readContext = tool(
  "read_context",
  {
    title: "Read shared context",
    description: "Returns the text under a key, as it is now or as it was at a version.",
    scope: "read",
    effect: "reads",
  },
  {
    key: contextKey,
    version: optional(Version, "The version to read; left out, the current one."),
  },
  ContextEntry.fields,
);

/** Lists keys. */
export const listContext = tool(
  "list_context",
  {
    title: "List shared context",
    description: "Lists the keys of the shared context in their order, without their texts.",
    scope: "read",
    effect: "reads",
  },
  {
    search: optional(
      shortText(0, Bounds.filterLength),
      "Only keys that contain this text; % and _ mean themselves.",
    ),
    ...PageParameters,
  },
  { entries: Schema.Array(ListedContextEntry), ...PageFields },
);

/** Deletes a key, or erases it with its history. */
export const deleteContext = tool(
  "delete_context",
  {
    title: "Delete shared context",
    description: "Deletes a key. Its history stays readable, unless erase is true.",
    scope: "delete",
    effect: "deletes",
  },
  { key: contextKey, erase: flag("Erase the history too, for ever (default false).") },
  { deleted: Schema.Boolean, version: Schema.Int },
);

/** Lists the changes of a key. */
export const contextHistory = tool(
  "context_history",
  {
    title: "History of shared context",
    description:
      "Lists every change of a key, newest first: what was written, when and by whom. Works for deleted keys too.",
    scope: "read",
    effect: "reads",
  },
  { key: contextKey, ...PageParameters },
  { entries: Schema.Array(ContextChange), ...PageFields, next_offset: nextOffset },
);

/** Lists what the proxy recorded. */
export const listToolCalls = tool(
  "dewey_list_tool_calls",
  {
    title: "List recorded tool calls",
    description:
      "Lists the tool calls that the recording proxy saw, newest first, with their outcome and duration.",
    scope: "read",
    effect: "reads",
  },
  {
    upstream: named("Only calls to this upstream."),
    tool: named("Only calls of this tool."),
    status: optional(ToolCallStatus, "Only calls that ended so."),
    conversation_id: optional(ConversationId, "Only calls of this conversation."),
    correlation_id: named("Only calls of this trace or correlation id."),
    ...DateSpanParameters,
    ...PageParameters,
  },
  { calls: Schema.Array(ToolCallSummary), ...PageFields, next_offset: nextOffset },
);

/** Reads one recorded call whole. */
export const getToolCall = tool(
  "dewey_get_tool_call",
  {
    title: "Read a recorded tool call",
    description: "Returns one recorded tool call with its arguments and its result.",
    scope: "read",
    effect: "reads",
  },
  { id: uuid("The call's id, from dewey_list_tool_calls.") },
  ToolCall.fields,
);

/** Every tool of Dewey. */
export const DeweyTools = RpcGroup.make(
  beginConversation,
  storeMessage,
  storeMessagesBulk,
  getConversation,
  listConversations,
  deleteConversation,
  restoreConversation,
  search,
  getStartupContext,
  setStartupContext,
  listStartupContexts,
  deleteStartupContext,
  writeContext,
  readContext,
  listContext,
  deleteContext,
  contextHistory,
  listToolCalls,
  getToolCall,
);

type Tools = RpcGroup.Rpcs<typeof DeweyTools>;

export type ToolName = Tools["_tag"];

/** What a caller gives to a tool, decoded. */
export type ToolPayload<Name extends ToolName> = Rpc.Payload<Extract<Tools, { _tag: Name }>>;

/** What a tool answers, before it is encoded. */
export type ToolSuccess<Name extends ToolName> = Rpc.Success<Extract<Tools, { _tag: Name }>>;

/**
 * Calls a tool by its name with input that nobody has checked: decodes strictly, checks the scope, runs the handler.
 * All doors call tools through it, so that they cannot differ.
 */
export class ToolBox extends Context.Service<
  ToolBox,
  {
    readonly call: <Name extends ToolName>(
      name: Name,
      input: unknown,
    ) => Effect.Effect<ToolSuccess<Name>, DeweyError, CurrentPrincipal>;
  }
>()("dewey/rpc/ToolBox") {}
