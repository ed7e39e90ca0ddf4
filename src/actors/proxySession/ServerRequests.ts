/**
 * The server's own requests that the client has not answered. When the server is lost they are forgotten: a late answer
 * must not reach the server that was started in its place, which may use the same ids for other requests.
 */
import type { Frame } from "../../domain/Frame.ts";
import { type Envelope, keyOf, splice } from "../envelope.ts";

/** What is remembered of either kind, at most: a server that floods its client costs no more than that. */
const mostRemembered = 16_384;

let aliases = 0;

/** Those of one session. */
export class ServerRequests {
  readonly #open = new Set<string>();
  readonly #forgotten = new Set<string>();
  /** Requests whose ids a lost server had used too, by the ids under which the client knows them. */
  readonly #aliases = new Map<string, string>();

  /** The server asks; the answer is what the client gets to see. */
  asked(frame: Frame, envelope: Envelope): Frame {
    const { id, key } = envelope;
    if (id === undefined || key === undefined) return frame;
    if (!this.#forgotten.has(key)) {
      if (this.#open.size < mostRemembered) this.#open.add(key);
      return frame;
    }
    const alias = JSON.stringify(`dewey-${++aliases}-${crypto.randomUUID()}`);
    const aliasKey = keyOf(alias);
    if (aliasKey !== undefined) this.#aliases.set(aliasKey, id);
    return splice(frame, envelope, { id: alias });
  }

  /** The client answers; undefined when there is nobody to tell any more. */
  answered(frame: Frame, envelope: Envelope): Frame | undefined {
    const { key } = envelope;
    if (key === undefined) return frame;
    const id = this.#aliases.get(key);
    if (id !== undefined) {
      this.#aliases.delete(key);
      return splice(frame, envelope, { id });
    }
    if (this.#open.delete(key)) return frame;
    return this.#forgotten.delete(key) ? undefined : frame;
  }

  /** The server that asked is gone. */
  forget(): void {
    for (const key of [...this.#open, ...this.#aliases.keys()]) this.#forgotten.add(key);
    this.#open.clear();
    this.#aliases.clear();
    for (const key of this.#forgotten) {
      if (this.#forgotten.size <= mostRemembered) break;
      this.#forgotten.delete(key);
    }
  }
}
