// What a client says in one session: a handshake where its era has one, and then always some calls in flight, with
// notifications, pings, frames that are no JSON-RPC and answers to the server's own requests between them. What carries
// the frames is another's.
import type { Chance } from "./chance.ts";
import { modernMeta, versionOf, wantingLogs } from "./eras.ts";
import { nonce, read, text, write } from "./frames.ts";
import { clientName, type SessionLog } from "./logs.ts";

/** How many requests a session has in flight, as long as it is served. */
export const inFlightEach = 5;

/** So many requests refused in a row, and a client begins anew. */
const mostRefusals = 20;

/** A client does not ask again at once when it was told that the server is gone. */
const patienceMillis = 50;

/** What can be said: JSON-RPC alone, any text, or bytes that are no text too. */
export type Speech = "messages" | "texts" | "bytes";

/** What a session speaks over. */
export interface Carrier {
  readonly send: (frame: string | Uint8Array<ArrayBuffer>) => void;
  /** Ends the session, and lets the client begin another one. */
  readonly leave: () => void;
}

/** One session's. */
export class Talk {
  readonly #log: SessionLog;
  readonly #chance: Chance;
  readonly #speech: Speech;
  readonly #carrier: Carrier;
  readonly #open = new Set<string | number>();
  readonly #timers = new Set<Timer>();
  #isServed = false;
  #lastId = 0;
  #refusals = 0;

  constructor(log: SessionLog, chance: Chance, speech: Speech, carrier: Carrier) {
    this.#log = log;
    this.#chance = chance;
    this.#speech = speech;
    this.#carrier = carrier;
  }

  /** Requests that were sent and not answered, once the handshake is done. */
  get inFlight(): number {
    return this.#isServed ? this.#open.size : 0;
  }

  begin(): void {
    if (this.#log.era === "modern") return this.#serve();
    const params = {
      protocolVersion: versionOf.legacy,
      capabilities: { sampling: {} },
      clientInfo: { name: clientName(this.#log.id), version: "1" },
    };
    this.#carrier.send(write({ id: this.#nextId(), method: "initialize", params }));
  }

  /** A frame of the server, which is in the log already. */
  receive(frame: string): void {
    const { id, isRetryable, kind } = read(frame);
    if (id === undefined) return;
    if (kind === "request") return this.#later(() => this.#answer(id));
    if (!this.#open.delete(id)) return;
    this.#refusals = isRetryable ? this.#refusals + 1 : 0;
    if (this.#refusals >= mostRefusals) return this.#carrier.leave();
    if (isRetryable) return this.#later(() => this.#goOn(), patienceMillis);
    this.#goOn();
  }

  /** Says nothing more. */
  end(): void {
    this.#isServed = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #goOn(): void {
    // Without the answer to its handshake it has nothing to say.
    if (!this.#isServed && this.#refusals > 0) return this.#carrier.leave();
    if (!this.#isServed) {
      const params = { _meta: { nonce: nonce() } };
      this.#carrier.send(write({ method: "notifications/initialized", params }));
    }
    this.#serve();
  }

  #serve(): void {
    this.#isServed = true;
    while (this.#open.size < inFlightEach) this.#ask();
  }

  #ask(): void {
    const chance = this.#chance;
    if (chance.percent(10)) this.#aside();
    const id = this.#nextId();
    if (chance.percent(10)) {
      const method = this.#log.era === "modern" ? "tools/list" : "ping";
      const params = { _meta: { nonce: nonce(), ...this.#meta() } };
      return this.#carrier.send(write({ id, method, params }));
    }
    const params = { name: chance.pick("read", "write", "ask"), arguments: { text: text(chance) } };
    const logs = this.#log.era === "modern" && chance.percent(10) ? wantingLogs : {};
    const _meta = { progressToken: id, ...this.#meta(), ...logs };
    this.#carrier.send(write({ id, method: "tools/call", params: { ...params, _meta } }));
  }

  #meta(): Readonly<Record<string, unknown>> {
    return this.#log.era === "modern" ? modernMeta(clientName(this.#log.id)) : {};
  }

  /** What nobody answers. */
  #aside(): void {
    const chance = this.#chance;
    if (this.#speech === "messages" || chance.percent(70)) {
      const params = { text: text(chance), _meta: this.#meta() };
      return this.#carrier.send(write({ method: "notifications/x-note", params }));
    }
    if (this.#speech === "texts" || chance.percent(50)) {
      return this.#carrier.send(`no JSON at all ${nonce()}`);
    }
    this.#carrier.send(new Uint8Array([0xff, 0x00, 0xfe, ...Buffer.from(nonce())]));
  }

  #answer(id: string | number): void {
    const content = { type: "text", text: text(this.#chance) };
    this.#carrier.send(write({ id, result: { role: "assistant", model: "none", content } }));
  }

  /** Without sessions, ids of the proxy's own may come beside the client's: these are told by their looks. */
  #nextId(): string | number {
    this.#lastId++;
    const isText = this.#log.era === "modern" || this.#chance.percent(50);
    const id = isText ? `${this.#log.id}-${this.#lastId}` : this.#lastId;
    this.#open.add(id);
    return id;
  }

  #later(then: () => void, most = 100): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        then();
      },
      this.#chance.between(0, most),
    );
    this.#timers.add(timer);
  }
}
