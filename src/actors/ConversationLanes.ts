/**
 * The slow way into a conversation: a fiber each that holds the conversation in a transaction, looks at what is there,
 * and settles what waits for it one after the other. It is there while something waits.
 */
import { Duration, Effect, Exit, Option, Predicate, Schedule, Semaphore } from "effect";
import { Changes } from "../services/Changes.ts";
import { Database } from "../sql/Database.ts";
import { late, mayBeCommitted } from "../sql/failures.ts";
import { holdConversation, placeRows } from "../sql/MessageQueries.ts";
import { loadDraft, takeInto, type Unit } from "./draft.ts";
import {
  type Answer,
  answerAll,
  changeOf,
  noSuchConversation,
  type Pending,
  takeBatch,
} from "./pending.ts";

interface Lane {
  readonly space: string;
  readonly conversation_id: string;
  readonly waiting: Array<Pending>;
}

const keyOf = (unit: Unit): string => `${unit.conversation_id} ${unit.space}`;

/** Settles units in a transaction. */
const writeInOrder = Effect.fnUntraced(function* (
  { space, conversation_id }: Lane,
  units: ReadonlyArray<Unit>,
  patience: "now" | "inLine",
) {
  const hold = yield* holdConversation(space, conversation_id, patience);
  if (hold._tag === "Missing") return units.map((): Answer => Exit.fail(noSuchConversation));
  const draft = yield* loadDraft(conversation_id, hold.lastTurn, units);
  const taken = units.map((unit) => takeInto(draft, unit));
  const rows =
    draft.rows.length === 0
      ? []
      : yield* placeRows(space, conversation_id, draft.lastTurn, draft.rows);
  const written = new Map(rows.map((row) => [row.id, row]));
  return taken.map(
    (exit): Answer =>
      Exit.map(exit, (settled) =>
        settled.flatMap(({ id, stored }) => stored ?? written.get(id) ?? []),
      ),
  );
});

/** The lanes of one writer; their fibers live in the scope that they are made in. */
export const makeLanes = Effect.fnUntraced(function* () {
  const database = yield* Database;
  const changes = yield* Changes;
  const scope = yield* Effect.scope;
  const share = (part: number) => Math.max(1, Math.floor(database.limits.maxConnections * part));
  const writing = yield* Semaphore.make(share(0.5));
  // Who stands in line for a conversation has a connection meanwhile: never all of the pool.
  const standing = yield* Semaphore.make(share(0.3));
  const looks = Schedule.spaced("50 millis").pipe(
    Schedule.upTo({ duration: Duration.millis(database.limits.queryTimeoutMs) }),
  );
  const lanes = new Map<string, Lane>();

  /**
   * Where the conversation is held by others, stands in line for a moment if there is a place, and looks again later:
   * however many are held for long, what was held for a moment only soon has its turn.
   */
  const writeOnceFree = (lane: Lane, units: ReadonlyArray<Unit>) => {
    const attempt = (patience: "now" | "inLine") =>
      database.transaction(writeInOrder(lane, units, patience));
    return writing.withPermit(attempt("now")).pipe(
      Effect.catchTag("HeldByOthers", (held) =>
        Effect.flatMap(standing.withPermitsIfAvailable(1)(attempt("inLine")), (stood) =>
          Option.isSome(stood) ? Effect.succeed(stood.value) : Effect.fail(held),
        ),
      ),
      Effect.retry({ while: Predicate.isTagged("HeldByOthers"), schedule: looks }),
      Effect.catchTag("HeldByOthers", () => Effect.fail(late)),
    );
  };

  const write = (lane: Lane, pendings: ReadonlyArray<Pending>): Effect.Effect<void> => {
    const units = pendings.map((pending) => pending.unit);
    return writeOnceFree(lane, units).pipe(
      Effect.exit,
      Effect.flatMap((exit) => {
        if (Exit.isFailure(exit) && Exit.hasDies(exit) && pendings.length > 1) {
          // One of them is bad: it fails alone.
          return Effect.forEach(pendings, (pending) => write(lane, [pending]), { discard: true });
        }
        if (Exit.isSuccess(exit) ? exit.value.some(Exit.isSuccess) : mayBeCommitted(exit.cause)) {
          changes.publish(changeOf(lane));
        }
        answerAll(pendings, (index) =>
          Exit.isFailure(exit)
            ? Exit.failCause(exit.cause)
            : (exit.value[index] ?? Exit.fail(noSuchConversation)),
        );
        return Effect.void;
      }),
    );
  };

  const run = (key: string, lane: Lane) =>
    Effect.whileLoop({
      while: () => {
        if (lane.waiting.length > 0) return true;
        lanes.delete(key);
        return false;
      },
      body: () =>
        Effect.suspend(() => {
          const batch = takeBatch(lane.waiting, () => true);
          return batch.length === 0 ? Effect.void : write(lane, batch);
        }),
      step: () => undefined,
    });

  const send = (pending: Pending) =>
    Effect.suspend(() => {
      const key = keyOf(pending.unit);
      const open = lanes.get(key);
      if (open !== undefined) {
        open.waiting.push(pending);
        return Effect.void;
      }
      const { space, conversation_id } = pending.unit;
      const lane: Lane = { space, conversation_id, waiting: [pending] };
      lanes.set(key, lane);
      return Effect.asVoid(Effect.forkIn(run(key, lane), scope));
    });

  return {
    /** Whether units of the conversation wait in a lane, so that the next must wait behind them. */
    isOpen: (unit: Unit): boolean => lanes.has(keyOf(unit)),
    /** Hands units to the lanes of their conversations, in order. */
    sendAll: (pendings: ReadonlyArray<Pending>): Effect.Effect<void> =>
      Effect.forEach(pendings, send, { discard: true }),
  };
});
