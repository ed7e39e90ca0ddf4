/** How the benchmarks sum up and print their figures. */

/** The median; of an even number of values the upper one of the two. */
export const middle = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Makes what lays out the rows of a table: names to the left, figures to the right. */
export const rowsOf =
  (nameWidth: number, figureWidth: number) =>
  (cells: ReadonlyArray<string>): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(nameWidth) : cell.padStart(figureWidth)))
      .join("");
