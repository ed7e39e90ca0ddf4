/** The recording proxy: where it serves, what stands behind it, and how what it sees is kept. */
import { Result } from "effect";
import type { AccessSettings } from "./accessSettings.ts";
import { readHost } from "./accessSettings.ts";
import { type EnvironmentReader, shown } from "./EnvironmentReader.ts";

/** The settings of the proxy and of its recording. */
export interface ProxySettings {
  readonly host: string;
  readonly port: number;
  /** The file of upstreams that was named; without one, `dewey.json` of the current folder where it is there. */
  readonly upstreamsFile: string | undefined;
  readonly journal: {
    /** What an entry of the journal outlives: the death of the process, or the loss of power too (`full`). */
    readonly sync: "normal" | "full";
    readonly limitBytes: number;
  };
  /** The longest content of a recorded message, in bytes; the frame is always whole. */
  readonly recordLimitBytes: number;
  readonly redaction: { readonly enabled: boolean; readonly patterns: ReadonlyArray<RegExp> };
}

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

const readPatterns = (reader: EnvironmentReader): ReadonlyArray<RegExp> => {
  const text = reader.text("DEWEY_REDACTION_PATTERNS");
  if (text === undefined) return [];
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .flatMap((line) => {
      const pattern = Result.try(() => new RegExp(line, "g"));
      if (Result.isSuccess(pattern)) return [pattern.success];
      reader.mistakes.push(
        `DEWEY_REDACTION_PATTERNS: ${shown(line)} is no regular expression of JavaScript.`,
      );
      return [];
    });
};

/** Reads the settings of the proxy; it listens beyond loopback by the same rule as the other doors. */
export const readProxy = (reader: EnvironmentReader, access: AccessSettings): ProxySettings => ({
  host: readHost(reader, access, "DEWEY_PROXY_HOST"),
  port: reader.integer("DEWEY_PROXY_PORT", 9000, 0, 65_535),
  upstreamsFile: reader.text("DEWEY_UPSTREAMS"),
  journal: {
    sync: reader.oneOf("DEWEY_JOURNAL_SYNC", ["normal", "full"]) ?? "normal",
    limitBytes: reader.size("DEWEY_JOURNAL_LIMIT", 10 * GiB, MiB, 1024 * GiB),
  },
  recordLimitBytes: reader.size("DEWEY_RECORD_LIMIT", 64 * KiB, KiB, MiB),
  redaction: {
    enabled: (reader.oneOf("DEWEY_REDACTION", ["on", "off"]) ?? "on") === "on",
    patterns: readPatterns(reader),
  },
});
