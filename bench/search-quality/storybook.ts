/** What the dialogues of the evaluation set are told from, in whatever language; and the pieces that it is written with. */

/** One line of a thread: who speaks, and what. */
export interface Line {
  readonly by: "me" | "you";
  readonly say: string;
  /** What an answer in a full sentence begins with; often people leave it out. */
  readonly inFull: string;
}

/** A question, and the lines of its thread that answer it. */
export interface Ask {
  readonly ask: string;
  readonly lines: ReadonlyArray<number>;
}

/** A kind of story that can be told many times with other particulars. */
export interface Topic {
  readonly lines: ReadonlyArray<Line>;
  readonly questions: ReadonlyArray<Ask>;
  /** Asked once a dialogue of all threads of the topic that a speaker told. */
  readonly overall?: { readonly ask: string; readonly line: number };
}

/**
 * All that people say to each other in one language. In every text `[a|b]` is chosen anew wherever it stands, so that a
 * question says in other words what the dialogue says; `{slot}` is filled once a thread, from `slots`, `{slot:form}` with
 * a form of the same particular; `{me}` has the story, `{you}` listens.
 */
export interface Storybook {
  /** The language. */
  readonly name: string;
  /** The particulars that threads are told with. */
  readonly slots: Readonly<Record<string, ReadonlyArray<string>>>;
  /** How a particular stands in a text, as the form asks that the language has for it. */
  readonly inForm: (particular: string, form: string | undefined) => string;
  /** How the listener names a particular that the teller named before. */
  readonly asSubject: (particular: string) => string;
  readonly topics: ReadonlyArray<Topic>;
  /** How people begin a question that they put to somebody else. */
  readonly lead: string;
  /** How a day begins, and how the other one answers. */
  readonly greetings: ReadonlyArray<string>;
  readonly replies: ReadonlyArray<string>;
  /** Said after anything: they make turns longer, and alike. */
  readonly tails: ReadonlyArray<string>;
  /** What the listener says where nothing else is planned. */
  readonly reactions: ReadonlyArray<string>;
  /** Somebody comes back to a story (`{subject}`), and nothing of it is told again. */
  readonly returns: ReadonlyArray<readonly [ask: string, answer: string]>;
}

/** A line of who has the story. */
export const me = (say: string, inFull = ""): Line => ({ by: "me", say, inFull });

/** A line of who listens. */
export const you = (say: string): Line => ({ by: "you", say, inFull: "" });

/** A question that the lines given answer, counted from 0. */
export const ask = (text: string, ...lines: ReadonlyArray<number>): Ask => ({ ask: text, lines });

/** What stands between commas. */
export const list = (text: string): ReadonlyArray<string> =>
  text.split(",").map((word) => word.trim());

/** What stands on lines of its own. */
export const lines = (text: string): ReadonlyArray<string> =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim());
