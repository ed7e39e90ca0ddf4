// A server of tools as the proxy's upstreams are: it answers after a while and not in order, and says and asks things
// meanwhile, as far as the era of the request lets it. It speaks over whatever carries its frames: what is about a
// request goes to where the request came from.
import { randomUUID } from "node:crypto";
import type { Chance } from "./chance.ts";
import { eraOf, ofResult, versionOf, wantsLogs } from "./eras.ts";
import { nonce, read, type Said, text, write } from "./frames.ts";

const capabilities = { tools: { listChanged: true }, logging: {} };

const slowestMillis = 120;

/** Sends a frame; `isLast`: it is the answer to the request. */
export type Send = (frame: string, isLast: boolean) => void;

type Id = string | number;

/** One session's end of a server. */
export class ToolServer {
  readonly #chance: Chance;
  readonly #timers = new Set<Timer>();
  /** What to do when the client has answered a request of the server. */
  readonly #asked = new Map<Id, () => void>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** A frame of the client. */
  receive(frame: string, send: Send): void {
    const said = read(frame);
    const { id, kind } = said;
    if (kind === "request" && id !== undefined) return this.#request(id, said, send);
    if ((kind !== "result" && kind !== "error") || id === undefined) return;
    const goOn = this.#asked.get(id);
    this.#asked.delete(id);
    goOn?.();
  }

  /** Says nothing more. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#asked.clear();
  }

  #request(id: Id, asked: Said, send: Send): void {
    const about = { ...ofResult(asked), _meta: { nonce: nonce() } };
    if (asked.method === "initialize") {
      const serverInfo = { name: "no-loss", version: "1" };
      const result = { protocolVersion: versionOf.legacy, capabilities, serverInfo, ...about };
      return send(write({ id, result }), true);
    }
    if (asked.method === "tools/call") return this.#later(() => this.#call(id, asked, send));
    this.#later(() => send(write({ id, result: about }), true));
  }

  #call(id: Id, asked: Said, send: Send): void {
    const chance = this.#chance;
    if (chance.percent(20)) {
      const { progressToken } = asked.meta;
      const step = { progressToken, progress: 1, message: nonce() };
      send(write({ method: "notifications/progress", params: step }), false);
    }
    if (wantsLogs(asked) && chance.percent(20)) {
      const said = { level: "info", logger: "no-loss", data: text(chance) };
      send(write({ method: "notifications/message", params: said }), false);
    }
    const asks = eraOf(asked) === "legacy" && chance.percent(15);
    if (!asks) return this.#later(() => this.#answer(id, asked, send));
    const asking = `ask-${randomUUID()}`;
    this.#asked.set(asking, () => this.#answer(id, asked, send));
    const messages = [{ role: "user", content: { type: "text", text: text(chance) } }];
    const params = { messages, maxTokens: 10 };
    send(write({ id: asking, method: "sampling/createMessage", params }), false);
  }

  #answer(id: Id, asked: Said, send: Send): void {
    const chance = this.#chance;
    if (chance.percent(5)) {
      return send(write({ id, error: { code: -32_602, message: text(chance) } }), true);
    }
    const content = [{ type: "text", text: text(chance) }];
    const failed = chance.percent(5) ? { isError: true } : {};
    send(write({ id, result: { content, ...failed, ...ofResult(asked) } }), true);
  }

  #later(then: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        then();
      },
      this.#chance.between(0, slowestMillis),
    );
    this.#timers.add(timer);
  }
}
