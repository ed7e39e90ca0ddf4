// A stream without a recorder, and what is made of each of its entries.

import type { Derived } from "../../../src/actors/recorder/Derived.ts";
import { derive } from "../../../src/actors/recorder/derive.ts";
import { fieldsOf } from "../../../src/actors/recorder/jsonRpc.ts";
import { newStream, type StreamState } from "../../../src/actors/recorder/StreamState.ts";
import type { Entry, StreamDescription } from "../../../src/domain/Recording.ts";
import { makeTraffic } from "../../support/recording.ts";

/** The most bytes of a message's content here. */
export const limit = 64 * 1024;

/** Traffic, and what is made of it so far. */
export const watch = (more: Partial<StreamDescription> = {}) => {
  const made: Array<Derived> = [];
  let stream: StreamState | undefined;
  const take = (entry: Entry) => {
    if (entry._tag === "Stream") stream = newStream(entry.stream, entry.stream, entry.description);
    else if (stream !== undefined) made.push(derive(stream, entry, limit));
  };
  const traffic = makeTraffic(take, more);
  const messages = () =>
    made.flatMap((one) =>
      one.messages.map(({ role, content, metadata }) => ({
        role,
        content,
        metadata: fieldsOf(JSON.parse(`${metadata}}`)),
      })),
    );
  const calls = () => made.flatMap((one) => one.calls);
  return { traffic, made, messages, calls };
};
