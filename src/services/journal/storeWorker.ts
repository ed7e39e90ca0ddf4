/** A thread that keeps a store of segments, so that nothing else waits for the disk: its first message says which one. */
import { Schema } from "effect";
import { StoreOptions } from "./SegmentStore.ts";
import { directLink, Request, type StoreLink } from "./storeRequests.ts";

declare const self: Worker;

const decodeOptions = Schema.decodeUnknownSync(StoreOptions);
const decodeRequest = Schema.decodeUnknownSync(Request);

let store: StoreLink | undefined;

self.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (store === undefined) {
    store = directLink(decodeOptions(data));
    return;
  }
  store(decodeRequest(data), (reply) => self.postMessage(reply, []));
};
