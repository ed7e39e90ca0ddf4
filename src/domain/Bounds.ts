/** Every hard bound of the tools, once: the schemas check them, the migrations' CHECKs repeat them by name. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Sizes are bytes of UTF-8, lengths are Unicode characters, the rest are counts. */
export const Bounds = {
  contentBytes: 1 * MiB,
  metadataBytes: 64 * KiB,
  metadataDepth: 128,
  sessionIdLength: 255,
  startupContextNameLength: 255,
  startupContextBytes: 1 * MiB,
  bulkMessages: 1000,
  bulkBytes: 8 * MiB,
  searchQueryLength: 1000,
  pageLimit: 100,
  pageLimitDefault: 20,
  conversationPageLimit: 1000,
  offset: 2_147_483_647,
  turnNumber: 2_147_483_647,
  contextKeyLength: 255,
  contextBytes: 100 * KiB,
  version: 2_147_483_647,
  filterLength: 255,
  answerBytes: 8 * MiB,
  exactTotal: 10_000,
} as const;
