/** The English dialogues of the evaluation set. */
import type { Storybook } from "../storybook.ts";
import { greetings, reactions, replies, returns, tails } from "./smallTalk.ts";
import { slots, topics } from "./topics.ts";

/** Particulars that need an article where they stand alone. */
const bareNouns: ReadonlySet<string> = new Set(
  ["broken", "plan", "vehicle", "room"].flatMap((slot) => slots[slot] ?? []),
);

/** What people tell each other in English. */
export const english: Storybook = {
  name: "English",
  slots,
  inForm: (particular, form) =>
    form === undefined
      ? particular
      : particular.replace(/^(?:my|our) /, form === "bare" ? "" : "their "),
  asSubject: (particular) =>
    bareNouns.has(particular) ? `the ${particular}` : particular.replace(/^my /, "your "),
  topics,
  lead: "[Do you remember|Can you tell me|I would like to know|Remind me]: ",
  greetings,
  replies,
  tails,
  reactions,
  returns,
};
