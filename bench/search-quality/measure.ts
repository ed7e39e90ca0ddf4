/** Asks every question of the evaluation set of Dewey and of both baselines, and sums up what they find. */
import type { Process } from "../../test/support/tools.ts";
import { baselines, lexemes, lexemesInEnglish } from "./baselines.ts";
import { type Dialogue, dialogues, type Question } from "./dialogues.ts";
import type { Storybook } from "./storybook.ts";

/** After how many results recall is taken. */
export const cutoffs = [5, 10, 20] as const;

/** Half of the dialogues are one conversation of `name: text`, half one a day of text alone. */
interface Layout {
  readonly withNames: boolean;
  readonly byDay: boolean;
}
const layoutOf = (index: number): Layout =>
  index % 2 === 0 ? { withNames: true, byDay: false } : { withNames: false, byDay: true };

const textsOf = ({ turns }: Dialogue, { withNames }: Layout): ReadonlyArray<string> =>
  turns.map(({ speaker, text }) => (withNames ? `${speaker}: ${text}` : text));

/** Stores a dialogue and gives the ids of its messages, by turn. */
const store = async (
  dewey: Process,
  session_id: string,
  dialogue: Dialogue,
  layout: Layout,
): Promise<ReadonlyArray<string>> => {
  const texts = textsOf(dialogue, layout);
  const days = Map.groupBy(texts.keys(), (turn) =>
    layout.byDay ? dialogue.turns[turn]?.day : undefined,
  );
  const ids: Array<string> = [];
  for (const day of days.values()) {
    const { message_ids } = await dewey.call("dewey_store_messages_bulk", {
      session_id,
      messages: day.map((turn) => ({ role: "user", content: texts[turn] })),
    });
    ids.push(...message_ids);
  }
  return ids;
};

const ask = async (
  dewey: Process,
  session_id: string,
  query: string,
  ids: ReadonlyArray<string>,
): Promise<ReadonlyArray<number>> => {
  const { results } = await dewey.call("dewey_search", {
    query,
    session_id,
    limit: Math.max(...cutoffs),
    include_content: false,
  });
  return results.map(({ message_id }) => ids.indexOf(message_id));
};

/** Sums up recall at each cutoff. */
class Recall {
  private readonly sums = cutoffs.map(() => 0);
  private questions = 0;

  add({ answers }: Question, ranking: ReadonlyArray<number>): void {
    this.questions += 1;
    cutoffs.forEach((cutoff, index) => {
      const top = new Set(ranking.slice(0, cutoff));
      const found = answers.filter((answer) => top.has(answer)).length;
      this.sums[index] = (this.sums[index] ?? 0) + found / answers.length;
    });
  }

  /** The mean share of answering turns that were found, one a cutoff. */
  get means(): ReadonlyArray<number> {
    return this.sums.map((sum) => sum / this.questions);
  }
}

/** How questions and answering turns share words: what makes the set hard, or not. */
class Profile {
  private asked = 0;
  private own = 0;
  private lacking = 0;
  private lent = 0;

  add({ text, answers }: Question, turns: ReadonlyArray<ReadonlySet<string>>): void {
    const words = [...new Set(lexemes(text))];
    for (const answer of answers) {
      const lacking = words.filter((word) => turns[answer]?.has(word) !== true);
      this.asked += words.length;
      this.own += words.length - lacking.length;
      this.lacking += lacking.length;
      this.lent += lacking.filter((word) =>
        [-3, -2, -1, 1, 2, 3].some((distance) => turns[answer + distance]?.has(word)),
      ).length;
    }
  }

  toString(): string {
    const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;
    return `An answering turn holds ${percent(this.own, this.asked)} of the question's words; the three turns on either side hold ${percent(this.lent, this.lacking)} of the rest.`;
  }
}

/** What came of the whole set. */
export interface Outcome {
  readonly dialogues: number;
  readonly turns: number;
  /** Milliseconds that each search of Dewey took. */
  readonly times: ReadonlyArray<number>;
  readonly recall: Readonly<
    Record<"Dewey" | "plain BM25" | "all words" | "BM25, as English", ReadonlyArray<number>>
  >;
  readonly profile: string;
}

/** Stores the set, asks its questions, and compares. */
export const measure = async (dewey: Process, book: Storybook, count = 8): Promise<Outcome> => {
  const set = dialogues(book, count, 1);
  const [ours, plain, all] = [new Recall(), new Recall(), new Recall()];
  const asEnglish = new Recall();
  const profile = new Profile();
  const times: Array<number> = [];
  for (const [index, dialogue] of set.entries()) {
    const layout = layoutOf(index);
    const session = `${book.name} dialogue ${index}`;
    const ids = await store(dewey, session, dialogue, layout);
    const texts = textsOf(dialogue, layout);
    const { bm25, and } = baselines(texts, lexemes);
    const inEnglish = baselines(texts, lexemesInEnglish);
    const words = texts.map((text) => new Set(lexemes(text)));
    for (const question of dialogue.questions) {
      const begin = performance.now();
      const ranking = await ask(dewey, session, question.text, ids);
      times.push(performance.now() - begin);
      ours.add(question, ranking);
      plain.add(question, bm25(question.text));
      all.add(question, and(question.text));
      asEnglish.add(question, inEnglish.bm25(question.text));
      profile.add(question, words);
    }
  }
  return {
    dialogues: set.length,
    turns: set.reduce((sum, dialogue) => sum + dialogue.turns.length, 0),
    times,
    recall: {
      Dewey: ours.means,
      "plain BM25": plain.means,
      "all words": all.means,
      "BM25, as English": asEnglish.means,
    },
    profile: String(profile),
  };
};
