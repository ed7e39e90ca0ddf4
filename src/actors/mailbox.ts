/** Where units wait for the writer: bounded, and in line before it once it is full. */
import { Effect } from "effect";
import type { Stored } from "../sql/MessageQueries.ts";
import type { Unit } from "./draft.ts";
import { type AppendError, type Pending, takeBatch } from "./pending.ts";

/** How much may wait or be written at once; who comes after waits until there is room. */
const bounds = { units: 4096, bytes: 64 * 1024 * 1024 };

/** Makes a mailbox. What was taken from it counts until it has been answered. */
export const makeMailbox = () => {
  const arrived: Array<Pending> = [];
  const line = new Set<Pending>();
  let units = 0;
  let bytes = 0;
  let hasNews = false;
  let wake: () => void = () => {};

  const tell = (): void => {
    hasNews = true;
    wake();
  };

  /** One that is larger than all the room has it alone. */
  const hasRoom = (pending: Pending): boolean =>
    units === 0 || (units < bounds.units && bytes + pending.bytes <= bounds.bytes);

  const admit = (pending: Pending): void => {
    units += 1;
    bytes += pending.bytes;
    arrived.push(pending);
    tell();
  };

  const enter = (pending: Pending): void => {
    if (line.size === 0 && hasRoom(pending)) admit(pending);
    else line.add(pending);
  };

  const leave = (pending: Pending): void => {
    // Who still stands in line took no room.
    if (line.delete(pending)) return;
    units -= 1;
    bytes -= pending.bytes;
    for (const next of line) {
      if (!hasRoom(next)) return;
      line.delete(next);
      admit(next);
    }
  };

  return {
    /** Hands a unit to the writer and waits for its answer; a caller that goes away takes it back if it still can. */
    send: (unit: Unit): Effect.Effect<ReadonlyArray<Stored>, AppendError> =>
      Effect.callback((resume) => {
        const pending: Pending = {
          unit,
          bytes: unit.messages.reduce((sum, message) => sum + message.bytes, 0),
          answer: (answer) => {
            if (pending.abandoned) return;
            leave(pending);
            resume(answer);
          },
          abandoned: false,
        };
        enter(pending);
        return Effect.sync(() => {
          pending.abandoned = true;
          leave(pending);
        });
      }),
    /** Waits until something has arrived, or was told, since the last wait. */
    news: Effect.callback<void>((resume) => {
      wake = () => {
        hasNews = false;
        wake = () => {};
        resume(Effect.void);
      };
      if (hasNews) wake();
    }),
    /** Makes the writer look again. */
    tell,
    /** Takes what one statement may hold of what may be written now. */
    take: (mayWrite: (pending: Pending) => boolean): ReadonlyArray<Pending> =>
      takeBatch(arrived, mayWrite),
    /** How many units wait. */
    size: (): number => arrived.length,
  };
};
