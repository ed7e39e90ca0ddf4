/** A conversation as a person or a model reads it. */

import type { Effect } from "effect";
import { utf8Bytes } from "../../domain/Text.ts";
import type { Conversations } from "../../services/Conversations.ts";

/** A conversation, or a page of it, as the service reads it. */
export type ConversationPage = Effect.Success<ReturnType<Conversations["Service"]["get"]>>;

/** The first messages that hold no more than so many bytes in all, but at least one, and where the rest begins. */
export const beginningOf = (conversation: ConversationPage, bytes: number): ConversationPage => {
  let sum = 0;
  const end = conversation.messages.findIndex(({ content }, index) => {
    sum += utf8Bytes(content);
    return index > 0 && sum > bytes;
  });
  if (end === -1) return conversation;
  const messages = conversation.messages.slice(0, end);
  return { ...conversation, messages, next_after_turn: messages.at(-1)?.turn ?? null };
};

const minute = (time: string): string => `${time.slice(0, 16).replace("T", " ")} UTC`;

/** Writes a page of a conversation; `next` is the URI under which it goes on. */
export const conversationMarkdown = (
  conversation: ConversationPage,
  next: string | undefined,
): string => {
  const { conversation_id, session_id, created_at, updated_at, message_count } = conversation;
  const head = [
    `# Conversation ${conversation_id}`,
    "",
    ...(session_id === null ? [] : [`- Session: ${session_id}`]),
    `- Begun: ${created_at}`,
    `- Last changed: ${updated_at}`,
    `- Messages: ${message_count}`,
  ];
  const metadata = JSON.stringify(conversation.metadata);
  if (metadata !== "{}") head.push(`- Metadata: ${metadata}`);
  const messages = conversation.messages.map(
    ({ turn, role, created_at: at, content }) => `## ${turn}. ${role}, ${minute(at)}\n\n${content}`,
  );
  const foot = next === undefined ? [] : [`---\n\nThe conversation goes on: ${next}`];
  return [head.join("\n"), ...messages, ...foot].join("\n\n");
};
