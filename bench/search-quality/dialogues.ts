/** Tells dialogues of 400 to 700 turns from the stories, with questions whose answering turns are known. */
import type { Storybook, Topic } from "./storybook.ts";

/** One turn of a dialogue; days become conversations of one session where a layout wants that. */
export interface Turn {
  readonly speaker: string;
  readonly day: number;
  readonly text: string;
}

/** A question about a dialogue, and the indexes of the turns that answer it. */
export interface Question {
  readonly text: string;
  readonly answers: ReadonlyArray<number>;
}

/** A dialogue of two people. */
export interface Dialogue {
  readonly turns: ReadonlyArray<Turn>;
  readonly questions: ReadonlyArray<Question>;
}

const names = [
  "Priya",
  "Omar",
  "Ingrid",
  "Mateus",
  "Hanna",
  "Kofi",
  "Yuki",
  "Declan",
  "Zofia",
  "Ravi",
  "Camille",
  "Tomas",
  "Amara",
  "Elif",
  "Jonas",
  "Noor",
];

/** A generator of numbers from 0 to 1: the same seed, the same dialogues. */
const makeRandom = (seed: number) => {
  let state = seed | 0;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** How often an answer repeats what it answers. */
const fullSentences = 0.9;

type Particulars = ReadonlyMap<string, string>;

interface Thread {
  readonly topic: Topic;
  readonly teller: string;
  readonly listener: string;
  readonly particulars: Particulars;
  readonly lines: ReadonlyArray<number>;
}

class Teller {
  private readonly turns: Array<Turn> = [];
  private readonly threads: Array<Thread> = [];
  private readonly told = new Set<string>();
  private day = 0;

  private readonly random: () => number;
  private readonly speakers: readonly [string, string];
  private readonly book: Storybook;

  constructor(book: Storybook, random: () => number, speakers: readonly [string, string]) {
    this.book = book;
    this.random = random;
    this.speakers = speakers;
  }

  dialogue(length: number): Dialogue {
    while (this.turns.length < length) this.tellDay();
    return { turns: this.turns, questions: this.questions() };
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private pick<A>(from: ReadonlyArray<A>): A {
    const picked = from[Math.floor(this.random() * from.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  private fill(template: string, particulars: Particulars): string {
    return template
      .replace(/\[([^\]]*)\]/g, (_, choices: string) => this.pick(choices.split("|")))
      .replace(/\{(\w+)(?::(\w+))?\}/g, (_, slot: string, form: string | undefined) => {
        const value = particulars.get(slot) ?? this.pick(this.book.slots[slot] ?? [slot]);
        return this.book.inForm(value, form);
      });
  }

  private say(speaker: string, text: string): number {
    const sentence = text
      .replaceAll(" ,", ",")
      .replace(
        /(^|[.!?] )([¿¡]?\p{Ll})/gu,
        (_, before: string, letter: string) => `${before}${letter.toUpperCase()}`,
      );
    return this.turns.push({ speaker, day: this.day, text: sentence }) - 1;
  }

  private between(me: string, you: string): Particulars {
    return new Map([
      ["me", me],
      ["you", you],
    ]);
  }

  private smallTalk(kinds: ReadonlyArray<string>, speaker: number): void {
    const me = this.speakers[speaker] ?? this.speakers[0];
    const you = this.speakers[1 - speaker] ?? this.speakers[1];
    this.say(me, this.fill(this.pick(kinds), this.between(me, you)));
  }

  private tellDay(): void {
    const first = this.chance(0.5) ? 0 : 1;
    this.smallTalk(this.book.greetings, first);
    this.smallTalk(this.book.replies, 1 - first);
    const threads = 2 + Math.floor(this.random() * 4);
    for (let thread = 0; thread < threads; thread++) {
      this.tell(this.chance(0.5) ? 0 : 1);
      if (this.chance(0.5)) this.smallTalk(this.book.reactions, this.chance(0.5) ? 0 : 1);
      if (this.chance(0.35)) this.comeBack();
    }
    this.smallTalk(this.book.reactions, first);
    this.day += 1;
  }

  private particularsOf(topic: Topic, me: string, you: string): Particulars {
    const particulars = new Map(this.between(me, you));
    for (const { say } of topic.lines) {
      for (const [, slot = ""] of say.matchAll(/\{(\w+)(?::\w+)?\}/g)) {
        if (!particulars.has(slot)) {
          particulars.set(slot, this.pick(this.book.slots[slot] ?? [slot]));
        }
      }
    }
    return particulars;
  }

  /** The first particular of a story is what it is about, and what tells it from others like it. */
  private subjectOf(particulars: Particulars): string {
    return [...particulars.values()][2] ?? "";
  }

  private tell(speaker: number): void {
    const me = this.speakers[speaker] ?? this.speakers[0];
    const you = this.speakers[1 - speaker] ?? this.speakers[1];
    const topic = this.pick(this.book.topics);
    const particulars = this.particularsOf(topic, me, you);
    const key = `${this.book.topics.indexOf(topic)} ${me} ${this.subjectOf(particulars)}`;
    if (this.told.has(key)) return;
    this.told.add(key);
    const turned = new Map(particulars).set("me", you).set("you", me);
    const lines = topic.lines.map(({ by, say, inFull }) => {
      const own = by === "me" ? particulars : turned;
      const both = this.between(own.get("me") ?? "", own.get("you") ?? "");
      const sentences = [
        inFull !== "" && this.chance(fullSentences) ? this.fill(inFull, own) : "",
        this.fill(say, own),
        this.chance(0.8) ? this.fill(this.pick(this.book.tails), both) : "",
        this.chance(0.4) ? this.fill(this.pick(this.book.tails), both) : "",
      ];
      return this.say(own.get("me") ?? "", sentences.filter((each) => each !== "").join(" "));
    });
    this.threads.push({ topic, teller: me, listener: you, particulars, lines });
  }

  /** The listener asks again about something told before. */
  private comeBack(): void {
    const { particulars, teller, listener } = this.pick(
      this.threads.length > 0 ? this.threads : [],
    );
    const [ask, answer] = this.pick(this.book.returns);
    const subject = this.book.asSubject(this.subjectOf(particulars));
    this.say(
      listener,
      this.fill(ask, new Map(this.between(listener, teller)).set("subject", subject)),
    );
    this.say(teller, this.fill(answer, this.between(teller, listener)));
  }

  private questions(): ReadonlyArray<Question> {
    const single = this.threads.flatMap(({ topic, particulars, lines }) =>
      topic.questions
        .filter(() => this.chance(0.5))
        .map(
          (question): Question => ({
            text: this.fill(
              `${this.chance(0.3) ? this.book.lead : ""}${question.ask}`,
              particulars,
            ),
            answers: question.lines.flatMap((line) => lines[line] ?? []),
          }),
        ),
    );
    const overall = this.book.topics.flatMap((topic) =>
      this.speakers.flatMap((me): ReadonlyArray<Question> => {
        const told = this.threads.filter((each) => each.topic === topic && each.teller === me);
        const { overall: about } = topic;
        if (about === undefined || told.length < 2 || told.length > 6) return [];
        return [
          {
            text: this.fill(about.ask, new Map([["me", me]])),
            answers: told.flatMap(({ lines }) => lines[about.line] ?? []),
          },
        ];
      }),
    );
    return [...single, ...overall];
  }
}

/** The evaluation set: each dialogue from its own seed, so that one more leaves the others as they are. */
export const dialogues = (book: Storybook, count: number, seed: number): ReadonlyArray<Dialogue> =>
  Array.from({ length: count }, (_, index) => {
    const random = makeRandom(seed * 7919 + index);
    const first = Math.floor(random() * names.length);
    const second = (first + 1 + Math.floor(random() * (names.length - 1))) % names.length;
    const teller = new Teller(book, random, [names[first] ?? "Ada", names[second] ?? "Ben"]);
    return teller.dialogue(400 + Math.floor(random() * 270));
  });
