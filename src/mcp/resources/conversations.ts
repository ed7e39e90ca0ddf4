/** Conversations as resources: listed newest first, and read in pages where they are long. */
import { Effect, Schema } from "effect";
import { ConversationId } from "../../domain/Conversation.ts";
import type { Conversations } from "../../services/Conversations.ts";
import type { Directory } from "../../services/Directory.ts";
import { maxSuggestions, startingWith } from "../suggestions.ts";
import { unknownCursor } from "./cursors.ts";
import { conversationMarkdown } from "./markdown.ts";
import type { ResourceProvider } from "./ResourceProvider.ts";
import {
  continuationUri,
  formats,
  mimeTypes,
  nameIn,
  notAResource,
  readingOf,
  resourceUri,
} from "./uris.ts";

const plainTemplate = "dewey://conversation/{id}";
const pageTemplate = "dewey://conversation/{id}{?format,after_turn}";

const isTime = (text: string): boolean => {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text && !text.startsWith("0000");
};

/** Where a page begins; checked, since whoever sends it back may have changed it. */
const Place = Schema.Struct({
  created_at: Schema.String.check(Schema.isPattern(/^\d{4}-/), Schema.makeFilter(isTime)),
  id: ConversationId,
});
const readPlace = Schema.decodeUnknownEffect(Schema.fromJsonString(Place));

const nameOf = nameIn("conversation", ConversationId);

const titleOf = (session_id: string | null, created_at: string): string => {
  const begun = `Conversation of ${created_at.slice(0, 16).replace("T", " ")}`;
  return session_id === null || session_id === "" ? begun : `${begun}, session ${session_id}`;
};

/** Completes a conversation's id, the latest changed first. */
export const suggestConversations = (directory: Directory["Service"], typed: string) =>
  Effect.map(directory.conversationIds(typed, maxSuggestions), ({ names, total }) => ({
    values: names,
    total,
  }));

/** All conversations of the caller's space. */
export const conversationResources = (
  conversations: Conversations["Service"],
  directory: Directory["Service"],
): ResourceProvider => ({
  name: "conversation",
  templates: [
    {
      uriTemplate: plainTemplate,
      name: "conversation",
      title: "A conversation",
      description: "A conversation by its id, as Markdown: who said what, turn by turn.",
      mimeType: mimeTypes.markdown,
    },
    {
      uriTemplate: pageTemplate,
      name: "conversation_page",
      title: "A page of a conversation",
      description:
        "A conversation as markdown or json (format), from after a turn on (after_turn). A long one is read in pages: each says where it goes on.",
    },
  ],
  list: Effect.fnUntraced(function* (after, limit) {
    const place =
      after === undefined
        ? undefined
        : yield* Effect.mapError(readPlace(after), () => unknownCursor);
    const found = yield* directory.conversations(place, limit);
    const last = found.length < limit ? undefined : found.at(-1);
    return {
      resources: found.map(({ id, session_id, created_at, updated_at, message_count }) => ({
        uri: resourceUri("conversation", id),
        name: id,
        title: titleOf(session_id, created_at),
        description: `${message_count} messages, last changed ${updated_at}`,
        mimeType: mimeTypes.markdown,
        annotations: { lastModified: updated_at },
      })),
      ...(last !== undefined && {
        next: JSON.stringify({ created_at: last.created_at, id: last.id }),
      }),
    };
  }),
  identify: (uri) => {
    const id = nameOf(uri);
    return id === undefined ? undefined : resourceUri("conversation", id);
  },
  read: Effect.fnUntraced(function* (uri) {
    const id = nameOf(uri);
    if (id === undefined) return yield* notAResource(uri);
    const reading = yield* readingOf(uri, ["format", "after_turn"]);
    const conversation = yield* conversations.get({
      conversation_id: id,
      after_turn: reading.after_turn,
    });
    const turn = conversation.next_after_turn;
    const next = turn === null ? undefined : continuationUri(id, reading, turn);
    const text =
      reading.format === "json"
        ? JSON.stringify(conversation)
        : conversationMarkdown(conversation, next);
    return {
      contents: [
        {
          uri,
          mimeType: mimeTypes[reading.format],
          text,
          ...(next !== undefined && { _meta: { "dewey/next": next } }),
        },
      ],
    };
  }),
  complete: (template, variable, typed) => {
    if (template !== plainTemplate && template !== pageTemplate) return undefined;
    if (variable === "id") return suggestConversations(directory, typed);
    return variable === "format" ? Effect.succeed(startingWith(formats, typed)) : undefined;
  },
});
