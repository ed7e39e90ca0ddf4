/** The German dialogues of the evaluation set. */
import type { Storybook } from "../storybook.ts";
import { greetings, reactions, replies, returns, tails } from "./smallTalk.ts";
import { slots, topics } from "./topics.ts";

/**
 * A particular is written "nominative / accusative / dative", then what its slot needs besides: where it takes place
 * with its preposition (`at`), without article (`bare`), with the definite article (`the`, `theAcc`), or the class in
 * which it is taught (`course`). Verbs have one other form, for clauses that they end (`end`). A form that is not
 * written is like the first.
 */
const places: ReadonlyMap<string, number> = new Map([
  ["acc", 1],
  ["dat", 2],
  ["at", 3],
  ["bare", 3],
  ["the", 3],
  ["theAcc", 4],
  ["course", 4],
  ["end", 1],
]);

const between = " / ";

/** "mein Bruder" and "ein Roller" are "dein Bruder" and "dein Roller" to who listens. */
const yours = (form: string): string =>
  form
    .replace(/^m?ein/, "dein")
    .replace(/^unser(?=e)/, "eur")
    .replace(/^unser/, "euer");

/** What people tell each other in German. */
export const german: Storybook = {
  name: "German",
  slots,
  inForm: (particular, form) => {
    const forms = particular.split(between);
    return forms[places.get(form ?? "") ?? 0] ?? forms[0] ?? particular;
  },
  asSubject: (particular) =>
    particular.startsWith("in der ")
      ? ["die", "die", "der"].map((article) => `${article} Stelle ${particular}`).join(between)
      : particular.split(between).map(yours).join(between),
  topics,
  lead: "[Weißt du noch|Kannst du mir sagen|Ich wüsste gern|Hilf mir auf die Sprünge]: ",
  greetings,
  replies,
  tails,
  reactions,
  returns,
};
