// An upstream that can be killed and started again, and whose logs outlive it.
import type { ConnectionLog } from "./logs.ts";

/** One that runs in this process, unless it was told otherwise. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  /** In the order of opening. */
  readonly connections: ReadonlyArray<ConnectionLog>;
  /** Cuts all connections, refuses new ones, and forgets what it knew. */
  readonly kill: () => Promise<void>;
  readonly start: () => void;
}
