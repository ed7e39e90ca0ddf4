// Properties that run alike everywhere: one seed for all, named by DEWEY_TEST_SEED where another is
// wanted. fast-check prints the seed and the path with every counterexample.
import fc from "fast-check";

/** The seed of this run. */
export const seed = Number(process.env["DEWEY_TEST_SEED"] ?? 20_261_120);

/** Tries a property so many times. */
export const holds = <Ts>(property: fc.IAsyncProperty<Ts> | fc.IProperty<Ts>, numRuns: number) =>
  fc.assert(property, { seed, numRuns, verbose: fc.VerbosityLevel.Verbose });
