/** A WebSocket or an HTTP request, as the calls that came through it see it. */
import { type Effect, Latch } from "effect";
import type { FromServerEncoded } from "effect/unstable/rpc/RpcMessage";
import { type AllAnswers, AnswerBudget } from "../http/AnswerBudget.ts";
import type { Arrival } from "../http/Door.ts";
import type { CallId } from "./envelope.ts";

/** Sends a message to a caller; slow callers slow down whoever answers them. */
export type Reply = (message: FromServerEncoded) => Effect.Effect<void>;

/** A call that has not been answered. */
export interface Call {
  /** Ours: unique over all callers and for ever, while clients may use theirs again. */
  readonly id: number;
  readonly requestId: CallId;
  readonly tool: string;
  readonly leave: () => void;
  withdrawn: boolean;
}

/** One who calls, and what is unanswered for them. */
export class Peer {
  readonly id: number;
  readonly caller: Pick<Arrival, "principal" | "charge">;
  readonly reply: Reply;
  readonly calls = new Map<number, Call>();
  readonly byRequestId = new Map<CallId, Call>();
  /** What waits to be read, by the ids of the calls. */
  readonly answers: AnswerBudget;
  readonly answered = Latch.makeUnsafe(true);
  #unanswered = 0;

  constructor(id: number, caller: Peer["caller"], reply: Reply, all: AllAnswers) {
    this.id = id;
    this.caller = caller;
    this.reply = reply;
    this.answers = new AnswerBudget(all);
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  add(call: Call): void {
    this.calls.set(call.id, call);
    this.byRequestId.set(call.requestId, call);
    this.#unanswered++;
    this.answered.closeUnsafe();
  }

  /** Forgets the call's name, which the client may give to another as soon as it has read the answer. */
  remove(call: Call): void {
    this.calls.delete(call.id);
    this.byRequestId.delete(call.requestId);
  }

  /** Frees the call's place, once its answer is out. */
  free(call: Call): void {
    call.leave();
    this.answers.answered(call.id);
    if (--this.#unanswered === 0) this.answered.openUnsafe();
  }
}
