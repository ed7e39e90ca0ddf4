// The faults that can be planted in Dewey's journal, each of which the check has to find.

/** Their names. */
export const plantedFaults = ["early", "dropping", "doubling", "swapping", "hasty"] as const;
