/**
 * Prints how many of the answering turns the search finds, in several languages, beside plain BM25 and the conjunction of
 * all words over the same turns. Dewey's figures come out of a real Postgres.
 */
import { openTools } from "../../test/support/tools.ts";
import { middle, percentile } from "../support/figures.ts";
import { english } from "./english/storybook.ts";
import { german } from "./german/storybook.ts";
import { cutoffs, measure } from "./measure.ts";
import { russian } from "./russian/storybook.ts";
import { spanish } from "./spanish/storybook.ts";
import type { Storybook } from "./storybook.ts";

const row = (cells: ReadonlyArray<string>) => cells.map((cell) => cell.padEnd(18)).join("");

const print = async (book: Storybook) => {
  const dewey = await openTools();
  try {
    const { dialogues, turns, times, recall, profile } = await measure(dewey, book);
    console.log(
      `\n${book.name}: ${times.length} questions on ${dialogues} dialogues of ${Math.round(turns / dialogues)} turns on average, each asked within its session.`,
    );
    console.log(`${profile}\n`);
    console.log(row(["recall", ...cutoffs.map((cutoff) => `@${cutoff}`)]));
    for (const [name, means] of Object.entries(recall)) {
      console.log(row([name, ...means.map((mean) => mean.toFixed(3))]));
    }
    console.log(
      `\nA search took ${middle(times).toFixed(1)} ms (median), ${percentile(times, 0.95).toFixed(1)} ms (95th percentile).`,
    );
  } finally {
    await dewey.close();
  }
};

for (const book of [english, german, spanish, russian]) await print(book);
// The run's own Postgres keeps the process alive until it ends.
process.exit();
