/** What a person reads of what happened to a connection. */
import type { ConnectionEvent, StreamDescription } from "../../domain/Recording.ts";
import { short } from "./storable.ts";

const time = (at: number): string => new Date(at).toISOString();

/** What is missing, as a sentence. */
export const gapText = (gap: Extract<ConnectionEvent, { readonly event: "gap" }>): string =>
  `${gap.frames} frames (${gap.bytes} bytes) could not be kept between ${time(gap.from)} and ${time(gap.to)}.`;

/** An event as a sentence. */
export const eventText = (happened: ConnectionEvent, { upstream }: StreamDescription): string => {
  switch (happened.event) {
    case "opened":
      return `Connected to ${upstream}.`;
    case "upstream_lost":
      return `The connection to ${upstream} was lost: ${happened.reason}`;
    case "reconnected":
      return `Connected to ${upstream} again.`;
    case "closed":
    case "ended":
      return `Closed: ${happened.reason}`;
    case "gap":
      return gapText(happened);
    default:
      return happened satisfies never;
  }
};

/** An event as metadata. */
export const happenedOf = (
  happened: ConnectionEvent,
): Readonly<Record<string, string | number | undefined>> => {
  switch (happened.event) {
    case "opened":
    case "reconnected":
      return happened;
    case "upstream_lost":
    case "closed":
    case "ended":
      return { event: happened.event, reason: short(happened.reason) };
    case "gap":
      return {
        event: happened.event,
        frames: happened.frames,
        missing_bytes: happened.bytes,
        from: time(happened.from),
        to: time(happened.to),
      };
    default:
      return happened satisfies never;
  }
};
