/** What the clients have in common, through the door or by statements. */
import type { Text } from "./texts.ts";

/** Somebody who stores, one call at a time. */
export interface StoreClient {
  /** Whether the messages were acknowledged as stored. */
  readonly store: (conversation: string, texts: ReadonlyArray<Text>) => Promise<boolean>;
  readonly close: () => unknown;
}
