/** The Russian dialogues of the evaluation set. */
import type { Storybook } from "../storybook.ts";
import { greetings, reactions, replies, returns, tails } from "./smallTalk.ts";
import { slots, topics } from "./topics.ts";

/**
 * A particular is written with its forms, "кухня/кухню/кухни/на кухне": nominative, accusative, genitive, the place
 * with its preposition, instrumental. Forms that no text needs are left out at the end, what is not declined has one
 * form only, and what stands in one case everywhere is written in that case. The slash of a path parts nothing.
 */
const cases: ReadonlyArray<string> = ["nom", "acc", "gen", "loc", "ins"];

const formsOf = (particular: string): ReadonlyArray<string> =>
  particular.split(/\/(?=[\p{Script=Cyrillic}«])/u);

/** Particulars that say as what somebody works. */
const jobs: ReadonlySet<string> = new Set(slots["job"]);

/** What people tell each other in Russian. */
export const russian: Storybook = {
  name: "Russian",
  slots,
  inForm: (particular, form = "nom") => {
    const forms = formsOf(particular);
    return forms[cases.indexOf(form)] ?? forms[0] ?? particular;
  },
  asSubject: (particular) =>
    jobs.has(particular) ? `работа ${particular}/работу ${particular}` : particular,
  topics,
  lead: "[Напомни, пожалуйста.|Не помнишь?|Хочу уточнить.|Скажи мне одну вещь.] ",
  greetings,
  replies,
  tails,
  reactions,
  returns,
};
