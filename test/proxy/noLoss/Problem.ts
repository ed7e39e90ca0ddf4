// What the proof finds wrong.

/** One thing that is wrong with one session. */
export interface Problem {
  /**
   * `lost`: a side saw it and it is not recorded, or it came before what is recorded. `doubled`: it is there more often
   * than it was said. `order`: it is there, elsewhere. `foreign`: nobody said it. The others are about what is derived.
   */
  readonly kind:
    | "lost"
    | "doubled"
    | "order"
    | "foreign"
    | "number"
    | "redacted"
    | "message"
    | "call"
    | "conversation"
    | "unfinished";
  readonly session: string;
  readonly about: string;
}
