/** Messages on their way to the writer, made ready in the fiber of their caller, who is told how far it is. */
import { Effect } from "effect";
import type { Prepared } from "../actors/draft.ts";
import type { NewMessage } from "../domain/Message.ts";
import { newId, utf8Bytes } from "../domain/Text.ts";
import { reportProgress } from "./Reports.ts";
import { searchDocument } from "./search/vector.ts";

/** A message with all that its row holds: an id where it has none, and what a search finds it by. */
export const prepare = (message: NewMessage): Prepared => {
  const metadata = message.metadata === undefined ? "{}" : JSON.stringify(message.metadata);
  const { vector, length } = searchDocument(message.content);
  return {
    row: {
      id: message.message_id ?? newId(),
      role: message.role,
      content: message.content,
      metadata,
      vector,
      length,
    },
    ownId: message.message_id !== undefined,
    turn: message.turn_number,
    bytes: utf8Bytes(message.content) + metadata.length + vector.length,
  };
};

/** Messages that are prepared at a time; others have their turn in between. */
const preparedAtOnce = 32;

/** Prepares many messages. Each of them counts as a step, and as another when it is stored. */
export const prepareAll = Effect.fnUntraced(function* (messages: ReadonlyArray<NewMessage>) {
  const prepared: Array<Prepared> = [];
  for (let next = 0; next < messages.length; next += preparedAtOnce) {
    for (const message of messages.slice(next, next + preparedAtOnce)) {
      prepared.push(prepare(message));
    }
    yield* reportProgress(
      prepared.length,
      2 * messages.length,
      `Prepared ${prepared.length} of ${messages.length} messages.`,
    );
    if (prepared.length < messages.length) yield* Effect.yieldNow;
  }
  return prepared;
});

/** Tells that all of them are stored now. */
export const reportStored = (count: number) =>
  reportProgress(2 * count, 2 * count, `Stored all ${count} messages.`);
