/** Settles the turns of messages in a conversation that is held: what is there already, what collides, what is new. */
import { isDeepStrictEqual } from "node:util";
import { Effect, Exit } from "effect";
import { Conflict } from "../domain/Errors.ts";
import type { Role } from "../domain/Message.ts";
import {
  findByIds,
  findTakenTurns,
  type MessageRow,
  type PlacedRow,
  type Stored,
} from "../sql/MessageQueries.ts";

/** A message on its way, with what its caller settled. */
export interface Prepared {
  readonly row: MessageRow;
  /** The id is the caller's own, so the message may be there already. */
  readonly ownId: boolean;
  readonly turn: number | undefined;
  readonly bytes: number;
}

/** Messages for one conversation that are written all or not at all, in their order. */
export interface Unit {
  readonly space: string;
  readonly conversation_id: string;
  readonly messages: ReadonlyArray<Prepared>;
}

interface Known {
  readonly role: Role;
  readonly content: string;
  readonly metadata: unknown;
  readonly turn: number;
  /** Undefined while it is in this draft itself. */
  readonly stored: Stored | undefined;
}

/** What a transaction is going to write into one conversation. */
export interface Draft {
  lastTurn: number;
  readonly rows: Array<PlacedRow>;
  readonly known: Map<string, Known>;
  readonly taken: Set<number>;
}

/** The draft of a conversation that nobody else knows yet. */
export const emptyDraft = (): Draft => ({
  lastTurn: 0,
  rows: [],
  known: new Map(),
  taken: new Set(),
});

/** A message of a settled unit: where it was stored before, or undefined where the draft stores it. */
export interface Settled {
  readonly id: string;
  readonly stored: Stored | undefined;
}

/** Reads what the units may collide with. The conversation must be held, so that it cannot change any more. */
export const loadDraft = Effect.fnUntraced(function* (
  conversation_id: string,
  lastTurn: number,
  units: ReadonlyArray<Unit>,
) {
  const messages = units.flatMap((unit) => unit.messages);
  const ids = messages.flatMap((message) => (message.ownId ? [message.row.id] : []));
  const turns = messages.flatMap((message) => message.turn ?? []);
  const known = ids.length === 0 ? [] : yield* findByIds(conversation_id, ids);
  const taken = turns.length === 0 ? [] : yield* findTakenTurns(conversation_id, turns);
  const draft: Draft = {
    lastTurn,
    rows: [],
    known: new Map(
      known.map((row) => [
        row.id,
        {
          role: row.role,
          content: row.content,
          metadata: row.metadata,
          turn: row.turn_number,
          stored: { id: row.id, turn_number: row.turn_number, created_at: row.created_at },
        },
      ]),
    ),
    taken: new Set(taken),
  };
  return draft;
});

const otherMessage = new Conflict({
  message:
    "This message_id already belongs to another message of the conversation. Use a new message_id, or repeat the call with exactly the same role, content, metadata and turn_number.",
  details: { path: "message_id" },
});

const takenTurn = (turn: number, lastTurn: number) =>
  new Conflict({
    message: `Turn ${turn} of this conversation is taken; its last turn is ${lastTurn}. Leave turn_number out to take the next one.`,
    details: { path: "turn_number" },
  });

const isSame = (known: Known, message: Prepared): boolean =>
  known.role === message.row.role &&
  known.content === message.row.content &&
  (message.turn === undefined || message.turn === known.turn) &&
  isDeepStrictEqual(known.metadata, JSON.parse(message.row.metadata));

/** Takes a unit into the draft, or leaves the draft as it was. */
export const takeInto = (draft: Draft, unit: Unit): Exit.Exit<ReadonlyArray<Settled>, Conflict> => {
  const rows: Array<PlacedRow> = [];
  const known = new Map<string, Known>();
  const taken = new Set<number>();
  const settled: Array<Settled> = [];
  let lastTurn = draft.lastTurn;
  for (const message of unit.messages) {
    const { id } = message.row;
    const before = message.ownId ? (known.get(id) ?? draft.known.get(id)) : undefined;
    if (before !== undefined) {
      if (!isSame(before, message)) return Exit.fail(otherMessage);
      settled.push({ id, stored: before.stored });
      continue;
    }
    const turn = message.turn ?? lastTurn + 1;
    if (draft.taken.has(turn) || taken.has(turn)) return Exit.fail(takenTurn(turn, draft.lastTurn));
    lastTurn = Math.max(lastTurn, turn);
    taken.add(turn);
    rows.push({ ...message.row, turn });
    settled.push({ id, stored: undefined });
    if (message.ownId) {
      const { role, content, metadata } = message.row;
      known.set(id, { role, content, metadata: JSON.parse(metadata), turn, stored: undefined });
    }
  }
  draft.lastTurn = lastTurn;
  draft.rows.push(...rows);
  for (const turn of taken) draft.taken.add(turn);
  for (const [id, message] of known) draft.known.set(id, message);
  return Exit.succeed(settled);
};
