/** The Spanish dialogues of the evaluation set. */
import type { Storybook } from "../storybook.ts";
import { greetings, reactions, replies, returns, tails } from "./smallTalk.ts";
import { slots, topics } from "./topics.ts";

/** What a form puts in the place of "el", "la", "los" and "las". */
const determiners: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bare: { el: "", la: "", los: "", las: "" },
  un: { el: "un ", la: "una ", los: "unos ", las: "unas " },
  mi: { el: "mi ", la: "mi ", los: "mis ", las: "mis " },
  tu: { el: "tu ", la: "tu ", los: "tus ", las: "tus " },
  su: { el: "su ", la: "su ", los: "sus ", las: "sus " },
  nuestro: { el: "nuestro ", la: "nuestra ", los: "nuestros ", las: "nuestras " },
};

/**
 * A particular stands with its article, which tells gender and number. The forms are `de` and `a`, the preposition
 * joined to it ("el loro", "del loro"), and those of `determiners`, which replace a definite article ("nuestro loro").
 */
const inForm: Storybook["inForm"] = (particular, form) => {
  if (form === undefined) return particular;
  if (form === "de" || form === "a") {
    return `${form} ${particular}`.replace(/^de el /, "del ").replace(/^a el /, "al ");
  }
  return particular.replace(
    /^(el|la|los|las) /,
    (whole, article: string) => determiners[form]?.[article] ?? whole,
  );
};

/** What Spanish gives to particulars that cannot stand alone as a subject. */
const asSubject: Storybook["asSubject"] = (particular) => {
  const isOf = (...names: ReadonlyArray<string>) =>
    names.some((name) => slots[name]?.includes(particular));
  if (isOf("job")) return `el puesto de ${particular}`;
  if (isOf("course")) return `el curso de ${particular}`;
  if (isOf("fear")) return `el miedo ${inForm(particular, "a")}`;
  return isOf("relative", "occasion") ? inForm(particular, "tu") : particular;
};

/** What people tell each other in Spanish. */
export const spanish: Storybook = {
  name: "Spanish",
  slots,
  inForm,
  asSubject,
  topics,
  lead: "[¿Te acuerdas?|¿Me lo puedes decir?|Me gustaría saber una cosa.|Recuérdamelo.] ",
  greetings,
  replies,
  tails,
  reactions,
  returns,
};
