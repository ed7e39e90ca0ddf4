/** What work tells its caller while it goes on: how far it is, and what the answer alone would not show. */
import { Context, Effect } from "effect";

/** How much somebody who watches should care, in the words of syslog. */
export type ReportLevel = "debug" | "info" | "notice" | "warning" | "error";

/** Where reports go: a door provides it for callers who asked for them. */
export interface Reporter {
  /** `done` of `total` steps; `done` grows with every report. Never waits for the caller. */
  readonly progress: (done: number, total: number, message: string) => Effect.Effect<void>;
  readonly log: (
    level: ReportLevel,
    message: string,
    details?: Readonly<Record<string, unknown>>,
  ) => Effect.Effect<void>;
}

/** Nobody listens unless a door says so. */
export const Reports = Context.Reference<Reporter>("dewey/services/Reports", {
  defaultValue: () => ({ progress: () => Effect.void, log: () => Effect.void }),
});

/** Says how far the caller's work is. */
export const reportProgress = (done: number, total: number, message: string) =>
  Effect.flatMap(Reports, (reports) => reports.progress(done, total, message));
