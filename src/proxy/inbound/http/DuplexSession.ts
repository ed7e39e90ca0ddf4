/**
 * A session of the older protocol versions over HTTP in front of a duplex upstream: what the upstream says goes to the
 * stream of the POST that it belongs to, and where it belongs to none, to the stream that the client keeps open.
 */
import { type Envelope, readEnvelope } from "../../../actors/envelope.ts";
import type { ClientLink, ProxySession } from "../../../actors/ProxySession.ts";
import type { Frame } from "../../../domain/Frame.ts";
import { isSamePrincipal, type Principal } from "../../../domain/Principal.ts";
import { agreedVersion, messagesOf, requestsOf } from "../../frames.ts";
import { jsonRpcError } from "./answers.ts";
import { EventLog, type EventLogs, idOf, type LoggedEvent, placeOf } from "./EventLog.ts";
import { EventWriter, eventText } from "./EventWriter.ts";
import type { Posted } from "./posted.ts";
import { Reply } from "./Reply.ts";

/** The client's stream of what belongs to no request. */
const standing = 0;

/** After how many milliseconds a client whose stream broke may come back. */
const retryMillis = 1_000;

/** The first version whose clients know an event that brings its id alone. */
const firstWithPrelude = "2025-11-25";

/** Batches existed in one version alone. */
const versionWithBatches = "2025-03-26";

/** What a POST with requests waits for. */
interface Channel {
  readonly number: number;
  /** The keys of the requests that are not answered. */
  readonly open: Set<string>;
  /** Of the progress of its requests. */
  readonly tokens: ReadonlySet<string>;
  readonly isBatch: boolean;
  readonly reply: Reply;
  /** Undefined while nobody reads it, or as long as the reply itself is read. */
  resumed: EventWriter | undefined;
}

const isHeard = ({ reply, resumed }: Channel): boolean => reply.isHeard || resumed !== undefined;

const textOf = (frame: Frame): string =>
  typeof frame === "string" ? frame : new TextDecoder().decode(frame);

const idInUse = (id: string): Response =>
  jsonRpcError(
    400,
    -32_600,
    `The id ${id} belongs to a request that is still in flight. Use another one.`,
    id,
  );

const noBatches = (): Response =>
  jsonRpcError(
    400,
    -32_600,
    "Batches are not part of this protocol version. Send the messages one by one.",
  );

const eventUnknown = (): Response =>
  jsonRpcError(
    400,
    -32_000,
    "The event that Last-Event-ID names is no longer kept. Open a stream without Last-Event-ID, and call again what was not answered.",
  );

/** What a session is made of. */
export interface DuplexSessionOptions {
  readonly id: string;
  readonly principal: Principal;
  readonly upstream: string;
  readonly logs: EventLogs;
  /** A stream of the session is read no more. */
  readonly left: () => void;
  /** The upstream's end is over: the session can be forgotten. */
  readonly ended: () => void;
}

/** One client's. */
export class DuplexSession {
  readonly id: string;
  readonly upstream: string;
  /** The end of the proxied session that is the client's. */
  readonly link: ClientLink;
  usedAt = 0;
  readonly #principal: Principal;
  readonly #log: EventLog;
  readonly #channels = new Set<Channel>();
  readonly #byRequest = new Map<string, Channel>();
  readonly #left: () => void;
  readonly #ended: () => void;
  #numbers = standing;
  #version: string | undefined;
  #listener: EventWriter | undefined;
  /** The last event that was said to who listened; what came later was missed. */
  #heard = 0;
  #gate: PromiseWithResolvers<void> | undefined;
  #isOver = false;

  constructor({ ended, id, left, logs, principal, upstream }: DuplexSessionOptions) {
    this.id = id;
    this.upstream = upstream;
    this.#principal = principal;
    this.#log = new EventLog(logs);
    this.#left = left;
    this.#ended = ended;
    this.link = {
      send: (frame, envelope) => this.#say(frame, envelope ?? readEnvelope(frame)),
      pause: () => {
        this.#gate ??= Promise.withResolvers();
      },
      resume: () => this.#open(),
      close: () => this.close(),
      isHeard: () => this.#isHeard,
    };
  }

  /** Whether anybody reads what the upstream answers. */
  get #isHeard(): boolean {
    return [...this.#channels].some(isHeard);
  }

  /** Whether somebody waits for an answer, or listens. */
  get isBusy(): boolean {
    return this.#channels.size > 0 || this.#listener !== undefined;
  }

  /** The version that was agreed on, once it was. */
  get version(): string | undefined {
    return this.#version;
  }

  belongsTo(principal: Principal): boolean {
    return isSamePrincipal(this.#principal, principal);
  }

  /** Takes a POST; the answer is there when there is something to be said. */
  async post(
    { envelope, frame }: Posted,
    { headers, signal }: Request,
    session: Pick<ProxySession, "receive">,
  ): Promise<Response> {
    const isBatch = envelope.kind === "batch";
    if (isBatch && this.#version !== undefined && this.#version !== versionWithBatches) {
      return noBatches();
    }
    // What the upstream has no room for waits here, and its client with it.
    while (this.#gate !== undefined && !this.#isOver) await this.#gate.promise;
    const requests = requestsOf(envelope);
    for (const [key, { id = "null" }] of requests) {
      if (this.#byRequest.has(key)) return idInUse(id);
    }
    if (requests.size === 0) {
      session.receive(frame, frame, envelope);
      for (const message of messagesOf(envelope)) this.#cancelled(message);
      return new Response(null, { status: 202 });
    }
    const channel = this.#channelOf(requests, isBatch, headers.get("accept"));
    const gone = () => {
      channel.reply.end();
      this.#left();
    };
    signal.addEventListener("abort", gone, { once: true });
    session.receive(frame, frame, envelope);
    return channel.reply.response;
  }

  /** Takes a GET: the stream that the client keeps open, or what goes on behind an event. */
  listen(lastEventId: string | null): Response {
    const place = lastEventId === null ? undefined : placeOf(lastEventId);
    if (lastEventId !== null && place === undefined) return eventUnknown();
    if (place === undefined || place.channel === standing) return this.#stand(place?.number);
    const kept = this.#log.after(place.channel, place.number);
    const channel = [...this.#channels].find(({ number }) => number === place.channel);
    if (kept.length === 0 && channel === undefined) return eventUnknown();
    const writer = this.#writer(() => {
      if (channel?.resumed === writer) channel.resumed = undefined;
      this.#left();
    });
    for (const { id, text } of kept) void writer.write(eventText(text, id));
    if (channel === undefined) {
      writer.end();
    } else {
      channel.resumed?.end();
      channel.resumed = writer;
    }
    return writer.response;
  }

  /** Ends the stream that the client keeps open; what it waits for goes on. */
  endListening(): void {
    this.#listener?.end();
  }

  /** Ends every stream. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#open();
    this.endListening();
    for (const { reply, resumed } of this.#channels) {
      reply.end();
      resumed?.end();
    }
    this.#channels.clear();
    this.#byRequest.clear();
    this.#log.clear();
    this.#ended();
  }

  #open(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  #headers(): Readonly<Record<string, string>> {
    return { "mcp-session-id": this.id };
  }

  #writer(gone: () => void): EventWriter {
    return new EventWriter(this.#headers(), gone);
  }

  #channelOf(
    requests: ReadonlyMap<string, Envelope>,
    isBatch: boolean,
    accept: string | null,
  ): Channel {
    const number = ++this.#numbers;
    // Before everything that will be said.
    const first = this.#log.mark(number);
    const tokens = [...requests.values()].flatMap(
      (request) => request.referenceKey("progressToken") ?? [],
    );
    const channel: Channel = {
      number,
      open: new Set(requests.keys()),
      tokens: new Set(tokens),
      isBatch,
      reply: new Reply({
        accept,
        headers: () => this.#headers(),
        prelude: () => this.#prelude(first),
        gone: () => this.#left(),
      }),
      resumed: undefined,
    };
    this.#channels.add(channel);
    for (const key of requests.keys()) this.#byRequest.set(key, channel);
    return channel;
  }

  /** An event from which the stream can be resumed although nothing has been said on it. */
  #prelude(id: string): string {
    if (this.#version === undefined || this.#version < firstWithPrelude) return "";
    return `id: ${id}\nretry: ${retryMillis}\ndata: \n\n`;
  }

  #stand(after: number | undefined): Response {
    this.#listener?.end();
    const writer = this.#writer(() => {
      if (this.#listener === writer) this.#listener = undefined;
    });
    this.#listener = writer;
    const heard = after ?? this.#heard;
    const owed = this.#log.after(standing, heard);
    const prelude = this.#prelude(idOf(standing, heard));
    if (prelude !== "") void writer.write(prelude);
    for (const event of owed) void this.#hear(writer, event);
    return writer.response;
  }

  /** A frame for the client, on its way to one of the streams. */
  #say(frame: Frame, envelope: Envelope): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    const text = textOf(frame);
    const answered = messagesOf(envelope).filter(
      ({ kind, key }) => kind === "response" && key !== undefined && this.#byRequest.has(key),
    );
    if (answered.length > 0) return this.#answer(text, answered);
    // Nobody waits for it any more.
    if (envelope.kind === "response") return undefined;
    return this.#tell(text, this.#channelFor(envelope));
  }

  #answer(text: string, answers: ReadonlyArray<Envelope>): Promise<void> | undefined {
    const [first] = answers;
    const channel = first?.key === undefined ? undefined : this.#byRequest.get(first.key);
    if (channel === undefined) return undefined;
    for (const answer of answers) {
      if (answer.key === undefined) continue;
      this.#byRequest.delete(answer.key);
      channel.open.delete(answer.key);
      // Only the answer to `initialize` says a version, and it is the first of all.
      this.#version ??= agreedVersion(answer);
    }
    if (channel.open.size > 0) return this.#tell(text, channel);
    this.#channels.delete(channel);
    const { isBatch, number, reply, resumed } = channel;
    // An answer that is all of its stream has no event before it from which anybody could ask for it.
    if (resumed === undefined && !reply.hasEvents) return reply.finish(text, { isBatch });
    const { id } = this.#log.add(number, text);
    const room = resumed?.write(eventText(text, id));
    resumed?.end();
    return reply.finish(text, { id, isBatch }) ?? room;
  }

  /** Says something that is no last answer: on the channel, or on the stream that stands open. */
  #tell(text: string, channel: Channel | undefined): Promise<void> | undefined {
    if (channel !== undefined) {
      const { number, reply, resumed } = channel;
      const { id } = this.#log.add(number, text);
      return resumed === undefined ? reply.say(text, id) : resumed.write(eventText(text, id));
    }
    const event = this.#log.add(standing, text);
    return this.#listener === undefined ? undefined : this.#hear(this.#listener, event);
  }

  #hear(writer: EventWriter, { id, number, text }: LoggedEvent): Promise<void> | undefined {
    this.#heard = Math.max(this.#heard, number);
    return writer.write(eventText(text, id));
  }

  /** The POST that a message of the upstream belongs to; undefined for the stream that stands open. */
  #channelFor(envelope: Envelope): Channel | undefined {
    const open = [...this.#channels].filter(
      ({ reply, resumed }) => reply.takesEvents || resumed !== undefined,
    );
    const token = envelope.referenceKey("progressToken");
    if (token !== undefined) {
      const channel = open.find(({ tokens }) => tokens.has(token));
      if (channel !== undefined) return channel;
    }
    const heard = open.filter(isHeard);
    if (heard.length === 1) return heard[0];
    if (this.#listener !== undefined) return undefined;
    // Whose stream broke comes back for the rest of it.
    return (heard.length > 0 ? heard : open).at(-1);
  }

  /** A request that was cancelled is answered no more, so that its stream has nothing to wait for. */
  #cancelled(message: Envelope): void {
    if (message.method !== "notifications/cancelled") return;
    const key = message.referenceKey("requestId");
    const channel = key === undefined ? undefined : this.#byRequest.get(key);
    if (key === undefined || channel === undefined) return;
    this.#byRequest.delete(key);
    channel.open.delete(key);
    if (channel.open.size > 0) return;
    this.#channels.delete(channel);
    channel.reply.end();
    channel.resumed?.end();
  }
}
