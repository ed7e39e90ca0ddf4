/** The static record of all migrations: forward only, applied in the order of their numbers. */
import { foundation } from "./0001_foundation.ts";
import { recording } from "./0002_recording.ts";
import { ingest } from "./0003_ingest.ts";
import { search } from "./0004_search.ts";
import { searchByTime } from "./0005_search_by_time.ts";

/** Every step under its number and name; a step that has been released is never changed. */
export const migrations = {
  "0001_foundation": foundation,
  "0002_recording": recording,
  "0003_ingest": ingest,
  "0004_search": search,
  "0005_search_by_time": searchByTime,
};
