/** Whose conversation it is when a client has no session: that of its key, until the key falls silent. */
import { createHash } from "node:crypto";
import type { StreamDescription } from "../../domain/Recording.ts";
import { newId } from "../../domain/Text.ts";
import type { Span } from "../../sql/StatelessQueries.ts";

/** A key that is silent for longer has a new conversation. */
export const silenceMillis = 30 * 60 * 1000;

/** What of a stream makes its key, in a form of one length. */
export const keyOfStream = ({ token, client, upstream, session }: StreamDescription): string =>
  createHash("sha256")
    .update(JSON.stringify([token, client, upstream, session]))
    .digest("hex");

interface Growing {
  readonly conversation_id: string;
  first_at: number;
  last_at: number;
}

/** The conversations of keys while a batch is placed into them. */
export interface Spans {
  /** The conversation of what a key did at a time, and whether it begins with it. */
  readonly place: (
    space: string,
    key: string,
    at: number,
  ) => { readonly id: string; readonly isNew: boolean };
  /** Those that began or grew. */
  readonly changed: () => ReadonlyArray<Span>;
}

const nameOf = (space: string, key: string): string => `${space} ${key}`;

const distance = (span: Growing, at: number): number =>
  Math.max(span.first_at - at, at - span.last_at, 0);

/**
 * Places by the times of capture alone, so that it does not matter when the database learns of it: what comes late, from
 * another process or after an outage, goes to the conversation that it would have gone to.
 */
export const makeSpans = (known: ReadonlyArray<Span>): Spans => {
  const byKey = new Map<string, Array<Growing>>();
  const changed = new Map<Growing, { readonly space: string; readonly key: string }>();
  const spansOf = (name: string) => {
    const spans = byKey.get(name) ?? [];
    byKey.set(name, spans);
    return spans;
  };
  for (const { space, key, ...span } of known) spansOf(nameOf(space, key)).push({ ...span });

  const place: Spans["place"] = (space, key, at) => {
    const spans = spansOf(nameOf(space, key));
    let nearest: Growing | undefined;
    for (const span of spans) {
      if (distance(span, at) > silenceMillis) continue;
      if (nearest === undefined || distance(span, at) < distance(nearest, at)) nearest = span;
    }
    const isNew = nearest === undefined;
    const span = nearest ?? { conversation_id: newId(), first_at: at, last_at: at };
    if (isNew) spans.push(span);
    if (isNew || at < span.first_at || at > span.last_at) {
      span.first_at = Math.min(span.first_at, at);
      span.last_at = Math.max(span.last_at, at);
      changed.set(span, { space, key });
    }
    return { id: span.conversation_id, isNew };
  };

  return {
    place,
    changed: () => [...changed].map(([span, owner]) => ({ ...span, ...owner })),
  };
};
