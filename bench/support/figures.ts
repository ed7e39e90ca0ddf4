/** How the benchmarks sum up and print their figures. */

/** The value that so large a share of the others does not pass; with a share of 1 the largest. */
export const percentile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

/** The median; of an even number of values the upper one of the two. */
export const middle = (values: ReadonlyArray<number>): number => percentile(values, 0.5);

/** Makes what lays out the rows of a table: names to the left, figures to the right. */
export const rowsOf =
  (nameWidth: number, figureWidth: number) =>
  (cells: ReadonlyArray<string>): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(nameWidth) : cell.padStart(figureWidth)))
      .join("");
