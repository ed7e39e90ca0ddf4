/**
 * Takes secrets out of frames before anything is written. The surroundings stay byte for byte, and what is JSON stays
 * JSON: in place of a secret is a marker that says what was there.
 */
import { Context, Layer } from "effect";
import type { Frame } from "../domain/Frame.ts";
import { hasHiddenCharacters, read } from "./redaction/escapes.ts";
import { makeRedactPatterns, type Redacted, type RedactPatterns } from "./redaction/patterns.ts";
import type { Secret } from "./redaction/Rule.ts";
import { findSecrets } from "./redaction/scan.ts";

/** A frame without its secrets, and how many these were; the very same frame where there were none. */
export interface RedactedFrame {
  readonly frame: Frame;
  readonly count: number;
}

const without = (text: string, secrets: ReadonlyArray<Secret>): Redacted => {
  let left = "";
  let done = 0;
  for (const { end, start, what } of secrets) {
    left += `${text.slice(done, start)}[REDACTED:${what}]`;
    done = end;
  }
  return { text: left + text.slice(done), count: secrets.length };
};

const takeOut = (text: string): Redacted => {
  if (!hasHiddenCharacters(text)) {
    const secrets = findSecrets(text);
    return secrets.length === 0 ? { text, count: 0 } : without(text, secrets);
  }
  const reading = read(text);
  const secrets = findSecrets(reading.text);
  return secrets.length === 0 ? { text, count: 0 } : without(text, secrets.map(reading.place));
};

/** Bytes one by one, as characters: whatever they mean, they come back as they were. */
const takeOutOfBytes = (frame: Uint8Array): RedactedFrame => {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const { count, text } = takeOut(bytes.toString("latin1"));
  return count === 0 ? { frame, count } : { frame: Buffer.from(text, "latin1"), count };
};

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const decodedUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Patterns are written for texts, so that bytes are read as one if they can be. */
const takePatternsOutOfBytes = (frame: Uint8Array, patterns: RedactPatterns): RedactedFrame => {
  const decoded = decodedUtf8(frame);
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const { count, text } = patterns(decoded ?? bytes.toString("latin1"));
  if (count === 0) return { frame, count };
  return { frame: Buffer.from(text, decoded === undefined ? "latin1" : "utf8"), count };
};

const redactKnown = (frame: Frame): RedactedFrame => {
  if (typeof frame !== "string") return takeOutOfBytes(frame);
  const { count, text } = takeOut(frame);
  return { frame: text, count };
};

const redactPatterns = (frame: Frame, patterns: RedactPatterns): RedactedFrame => {
  if (typeof frame !== "string") return takePatternsOutOfBytes(frame, patterns);
  const { count, text } = patterns(frame);
  return { frame: text, count };
};

/** Takes out of frames what nobody but their receivers should know. */
export class Redaction extends Context.Service<
  Redaction,
  {
    /** Takes about as long as it takes to read the frame twice, whatever is in it, if no patterns are configured. */
    readonly redact: (frame: Frame) => RedactedFrame;
  }
>()("dewey/services/Redaction") {
  static layer(options: { readonly enabled: boolean; readonly patterns: ReadonlyArray<RegExp> }) {
    if (!options.enabled) {
      return Layer.succeed(Redaction, { redact: (frame) => ({ frame, count: 0 }) });
    }
    if (options.patterns.length === 0) return Layer.succeed(Redaction, { redact: redactKnown });
    const patterns = makeRedactPatterns(options.patterns);
    return Layer.succeed(Redaction, {
      redact: (frame) => {
        const first = redactKnown(frame);
        const second = redactPatterns(first.frame, patterns);
        return { frame: second.frame, count: first.count + second.count };
      },
    });
  }
}
