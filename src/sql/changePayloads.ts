/** How changes travel in the payloads of notifications, which Postgres bounds. */
import { Schema } from "effect";
import { Change, Resync } from "../domain/Change.ts";

/** Below the 8,000 bytes that Postgres allows. */
const mostBytes = 7900;

const Bulletin = Schema.fromJsonString(
  Schema.Struct({
    from: Schema.String,
    changes: Schema.Array(Schema.Union([Change, Resync])),
  }),
);

const write = (from: string, changes: ReadonlyArray<string>): string =>
  `{"from":${JSON.stringify(from)},"changes":[${changes.join()}]}`;

/** Writes changes into as few payloads as hold them; `from` is the process that tells of them. */
export const encodePayloads = (
  from: string,
  changes: ReadonlyArray<Change | Resync>,
): ReadonlyArray<string> => {
  const payloads: Array<string> = [];
  const frame = Buffer.byteLength(write(from, []));
  let part: Array<string> = [];
  let bytes = frame;
  for (const change of changes) {
    const text = JSON.stringify(change);
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > mostBytes && part.length > 0) {
      payloads.push(write(from, part));
      part = [];
      bytes = frame;
    }
    part.push(text);
    bytes += size;
  }
  if (part.length > 0) payloads.push(write(from, part));
  return payloads;
};

/** A payload that tells of nothing: whoever sent it waits for it. */
export const emptyPayload = (from: string): string => write(from, []);

/** What a payload tells, and who; none where it is not of this version's making. */
export const decodePayload = Schema.decodeUnknownOption(Bulletin);
