/** The rules of conversations: beginning, storing, reading, the trash. */
import { Context, DateTime, Effect, Layer, Option } from "effect";
import { emptyDraft, takeInto } from "../actors/draft.ts";
import { MessageWriter } from "../actors/MessageWriter.ts";
import { noSuchConversation } from "../actors/pending.ts";
import { Bounds } from "../domain/Bounds.ts";
import type { Change } from "../domain/Change.ts";
import type { ConversationSort } from "../domain/Conversation.ts";
import { Conflict, InvalidInput, NotFound } from "../domain/Errors.ts";
import type { NewMessage } from "../domain/Message.ts";
import { pageOf } from "../domain/Page.ts";
import { CurrentPrincipal } from "../domain/Principal.ts";
import { type Metadata, newId } from "../domain/Text.ts";
import {
  type ConversationList,
  compareConversation,
  countConversations,
  eraseConversation,
  findConversation,
  insertConversation,
  listConversations,
  restoreConversation,
  trashConversation,
} from "../sql/ConversationQueries.ts";
import { Database } from "../sql/Database.ts";
import { createWithMessages, readMessages } from "../sql/MessageQueries.ts";
import { fitting, nextOffset, tellShortPage, totalOf } from "./answers.ts";
import { Changes } from "./Changes.ts";
import { makeLongLists } from "./longLists.ts";
import { prepare, prepareAll, reportStored } from "./preparedMessages.ts";
import { reportProgress } from "./Reports.ts";
import { makeTurns } from "./turns.ts";

const idTaken = new Conflict({
  message:
    "This conversation_id already belongs to another conversation. Leave conversation_id out to get a new one, or repeat the call with exactly the same session_id and metadata.",
  details: { path: "conversation_id" },
});

const notInTrash = new NotFound({
  message:
    "There is no conversation with this conversation_id, or its time in the trash is over. List what there is with dewey_list_conversations.",
  details: { path: "conversation_id" },
});

const describesExisting = (path: string) =>
  new InvalidInput({
    message: `${path} describes a new conversation and cannot be given together with conversation_id. Leave one of them out.`,
    details: { path },
  });

interface NewConversationParameters {
  readonly session_id?: string;
  readonly metadata?: Metadata;
}

/** What is configured of conversations. */
export interface ConversationOptions {
  /** How long a deleted conversation can be restored; 0 stands for ever. */
  readonly trashDays: number;
}

const forEver = "9999-12-31T23:59:59.999Z";

const make = Effect.fnUntraced(function* ({ trashDays }: ConversationOptions) {
  const database = yield* Database;
  const writer = yield* MessageWriter;
  const changes = yield* Changes;
  const inTurn = makeTurns(database.limits);
  const longLists = makeLongLists();

  const publishing = <A, E, R>(
    write: Effect.Effect<A, E, R>,
    { space, id, what }: { readonly space: string; readonly id: string; what: Change["what"] },
    hasChanged: (result: A) => boolean,
  ) => {
    const change: Change = { space, kind: "conversation", name: id, what };
    return changes.publishing(write, change, (result) => (hasChanged(result) ? [change] : []));
  };

  const begin = Effect.fn("Conversations.begin")(function* (
    parameters: NewConversationParameters & { readonly conversation_id?: string },
  ) {
    const { space } = yield* CurrentPrincipal;
    const conversation = {
      id: parameters.conversation_id ?? newId(),
      space,
      session_id: parameters.session_id ?? null,
      metadata: parameters.metadata ?? {},
    };
    const beginning = database.run(
      Effect.gen(function* () {
        const inserted = yield* insertConversation(conversation);
        if (Option.isSome(inserted)) return { ...inserted.value, isNew: true };
        const existing = yield* compareConversation(conversation);
        if (Option.isNone(existing) || !existing.value.same) return yield* idTaken;
        return { ...existing.value, isNew: false };
      }),
    );
    const { created_at } = yield* publishing(
      beginning,
      { space, id: conversation.id, what: "created" },
      ({ isNew }) => isNew,
    );
    return { conversation_id: conversation.id, session_id: conversation.session_id, created_at };
  });

  const store = Effect.fnUntraced(function* (
    parameters: NewMessage & { readonly conversation_id: string },
  ) {
    const { space } = yield* CurrentPrincipal;
    const { conversation_id } = parameters;
    const [stored] = yield* writer.append({
      space,
      conversation_id,
      messages: [prepare(parameters)],
    });
    if (stored === undefined) return yield* Effect.die("a stored message was not answered");
    return {
      message_id: stored.id,
      turn_number: stored.turn_number,
      created_at: stored.created_at,
    };
  });

  const storeBulk = Effect.fn("Conversations.storeBulk")(function* (
    parameters: NewConversationParameters & {
      readonly messages: ReadonlyArray<NewMessage>;
      readonly conversation_id?: string;
    },
  ) {
    const { space } = yield* CurrentPrincipal;
    const { conversation_id, session_id, metadata, messages } = parameters;
    if (conversation_id !== undefined) {
      if (session_id !== undefined) return yield* describesExisting("session_id");
      if (metadata !== undefined) return yield* describesExisting("metadata");
      const stored = yield* writer.append({
        space,
        conversation_id,
        messages: yield* prepareAll(messages),
      });
      yield* reportStored(messages.length);
      return {
        conversation_id,
        stored: stored.length,
        message_ids: stored.map((message) => message.id),
      };
    }
    const conversation = {
      id: newId(),
      space,
      session_id: session_id ?? null,
      metadata: metadata ?? {},
    };
    const draft = emptyDraft();
    const settled = yield* takeInto(draft, {
      space,
      conversation_id: conversation.id,
      messages: yield* prepareAll(messages),
    });
    yield* publishing(
      database.run(createWithMessages(conversation, draft.lastTurn, draft.rows)),
      { space, id: conversation.id, what: "created" },
      () => true,
    );
    yield* reportStored(messages.length);
    return {
      conversation_id: conversation.id,
      stored: settled.length,
      message_ids: settled.map((message) => message.id),
    };
  });

  const get = Effect.fn("Conversations.get")(function* (parameters: {
    readonly conversation_id: string;
    readonly after_turn?: number;
    readonly limit?: number;
  }) {
    const { space } = yield* CurrentPrincipal;
    const limit = parameters.limit ?? Bounds.conversationPageLimit;
    const { conversation, messages } = yield* database.run(
      Effect.gen(function* () {
        const found = yield* findConversation(space, parameters.conversation_id);
        if (Option.isNone(found)) return yield* noSuchConversation;
        yield* reportProgress(1, 2, "Found the conversation.");
        return {
          conversation: found.value,
          messages: yield* readMessages({
            conversation_id: found.value.id,
            after_turn: parameters.after_turn ?? 0,
            limit: limit + 1,
            bytes: Bounds.answerBytes,
          }),
        };
      }),
    );
    yield* reportProgress(2, 2, "Read its messages.");
    const { id, ...rest } = conversation;
    const wanted = messages.slice(0, limit);
    const page = fitting(wanted, conversation);
    yield* tellShortPage(page.length, wanted.length);
    const last = page.at(-1);
    const more = last !== undefined && page.length < messages.length;
    return {
      conversation_id: id,
      ...rest,
      messages: page,
      next_after_turn: more ? last.turn : null,
    };
  });

  const list = Effect.fn("Conversations.list")(function* (parameters: {
    readonly session_id?: string;
    readonly limit?: number;
    readonly offset?: number;
    readonly sort_by?: ConversationSort;
  }) {
    const { space } = yield* CurrentPrincipal;
    const page = pageOf(parameters);
    const wanted: ConversationList = {
      space,
      session_id: parameters.session_id ?? null,
      sort_by: parameters.sort_by ?? "updated_at",
    };
    const { conversations, counted } = yield* database.run(
      Effect.all({
        conversations: listConversations(wanted, page),
        counted: longLists.count(wanted, (most) => countConversations(wanted, most)),
      }),
    );
    const fit = fitting(conversations);
    yield* tellShortPage(fit.length, conversations.length);
    return {
      conversations: fit,
      ...totalOf(counted),
      ...page,
      ...nextOffset(page.offset, conversations.length, fit.length),
    };
  });

  const remove = Effect.fn("Conversations.delete")(function* (parameters: {
    readonly conversation_id: string;
    readonly force?: boolean;
  }) {
    const { space } = yield* CurrentPrincipal;
    const { conversation_id, force } = parameters;
    const deletion = { space, id: conversation_id, what: "deleted" } as const;
    if (force === true) {
      const erasing = publishing(
        database.run(eraseConversation(space, conversation_id)),
        deletion,
        Option.isSome,
      );
      const erased = yield* inTurn(conversation_id, erasing);
      if (Option.isNone(erased)) return yield* noSuchConversation;
      longLists.shorten(space);
      return {
        deleted: true,
        messages_deleted: erased.value.message_count,
        recoverable_until: null,
      };
    }
    const trashing = publishing(
      database.run(trashConversation(space, conversation_id)),
      deletion,
      Option.isSome,
    );
    const trashed = yield* inTurn(conversation_id, trashing);
    if (Option.isNone(trashed)) return yield* noSuchConversation;
    longLists.shorten(space);
    const { message_count, deleted_at } = trashed.value;
    const until = DateTime.add(DateTime.makeUnsafe(deleted_at), { days: trashDays });
    return {
      deleted: true,
      messages_deleted: message_count,
      recoverable_until: trashDays === 0 ? forEver : DateTime.formatIso(until),
    };
  });

  const restore = Effect.fn("Conversations.restore")(function* (parameters: {
    readonly conversation_id: string;
  }) {
    const { space } = yield* CurrentPrincipal;
    const { conversation_id } = parameters;
    const restoring = database.run(
      Effect.gen(function* () {
        const restored = yield* restoreConversation(space, conversation_id, trashDays);
        if (Option.isSome(restored)) {
          return { conversation_id, restored: true, message_count: restored.value.message_count };
        }
        const standing = yield* findConversation(space, conversation_id);
        if (Option.isNone(standing)) return yield* notInTrash;
        return { conversation_id, restored: false, message_count: standing.value.message_count };
      }),
    );
    const told = publishing(
      restoring,
      { space, id: conversation_id, what: "created" },
      ({ restored }) => restored,
    );
    return yield* inTurn(conversation_id, told);
  });

  return { begin, store, storeBulk, get, list, delete: remove, restore };
});

/** Conversations and their messages. */
export class Conversations extends Context.Service<Conversations>()(
  "dewey/services/Conversations",
  {
    make,
  },
) {
  static readonly layer = (options: ConversationOptions) =>
    Layer.effect(Conversations, Conversations.make(options));
}
