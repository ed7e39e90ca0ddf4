// Messages that are posted one by one have no order but that of their sender, who sends the next one when the one before
// was accepted, or has been under way for so long that its server may be waiting for the next.
import type { ConnectionLog } from "./logs.ts";
import type { RecordedFrame } from "./recorded.ts";

/** How long that is, less what timers and clocks may be early. */
const patienceMillis = 240;

/** What came after something that was recorded later, and had been under way for as long as that: no fault of anybody's. */
export const overtaken = (
  { received, receivedAt = [] }: ConnectionLog,
  recorded: ReadonlyArray<RecordedFrame>,
): ReadonlySet<string> => {
  const places = new Map(recorded.map(({ at, frame }, place) => [frame, { at, place }]));
  const late = new Set<string>();
  let furthest = -1;
  for (const [index, frame] of received.entries()) {
    const own = places.get(frame);
    if (own === undefined) continue;
    if (own.place > furthest) furthest = own.place;
    else {
      const overtaker = received.findIndex((each) => (places.get(each)?.place ?? -1) > own.place);
      const passedAt = overtaker < index ? (receivedAt[overtaker] ?? 0) : 0;
      if (passedAt - own.at >= patienceMillis) late.add(frame);
    }
  }
  return late;
};
