/** A session of the older protocol versions over HTTP: its server, its streams, and the calls that it waits for. */
import {
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  type RequestId,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { startedAtOnce } from "../http/eventStream.ts";
import { pacedBody } from "../http/pacedBody.ts";
import { whenTaken } from "../http/takenBody.ts";
import type { Calls } from "./Calls.ts";
import { cancelledBy, errorReply, hasBatches, idInUse, jsonRpcResponse } from "./messages.ts";
import { withLegacyCode } from "./protocolErrors.ts";
import type { SessionEvents } from "./SentEvents.ts";

/** The code that other protocols on JSON-RPC have for it; MCP has none. */
const requestCancelled = -32800;

/** After how many milliseconds a client whose stream broke may come back. */
const retryMillis = 1000;

const eventUnknown = () =>
  jsonRpcResponse(
    400,
    errorReply(
      null,
      -32000,
      "The event that Last-Event-ID names is no longer kept. Open a stream without Last-Event-ID, and call again what was not answered.",
    ),
  );

/** The SDK's transport, which says when an answer has gone to its stream. */
class AnsweringTransport extends WebStandardStreamableHTTPServerTransport {
  onanswer: (id: RequestId) => void = () => {};
  /** Waits until the stream of notifications has room; what nobody streams is kept for who comes back. */
  room: () => Promise<void> = () => Promise.resolve();

  override async send(
    message: JSONRPCMessage,
    options?: { relatedRequestId?: RequestId },
  ): Promise<void> {
    const isUnasked = !("id" in message) && options?.relatedRequestId === undefined;
    if (isUnasked) await this.room();
    try {
      await super.send(withLegacyCode(message), options);
    } finally {
      if (isJSONRPCResponse(message) && message.id !== undefined) this.onanswer(message.id);
    }
  }
}

/** The stream of what belongs to no request, as the SDK's transport names it. */
const standalone = "_GET_stream";

const ignore = () => {};

/** The stream that answers a POST. */
interface Answers {
  isTaken: boolean;
}

interface OpenRequest {
  readonly leave: () => void;
  readonly answers: Answers;
  /** Whether it has a stream of its own. */
  readonly isAlone: boolean;
}

/** One client, from its `initialize` until it goes or is idle for too long. */
export class HttpSession {
  readonly calls: Calls;
  readonly #server: Server;
  readonly #enter: () => () => void;
  readonly #transport: AnsweringTransport;
  readonly #events: SessionEvents;
  readonly #open = new Map<RequestId, OpenRequest>();
  /** Streams that go on where others broke, and what was answered while there were some: it may be on any of them. */
  #resumed = 0;
  readonly #answeredLate = new Set<RequestId>();
  #streams = 0;
  /** Lets go of who waits for room in the stream of notifications. */
  #leaveStanding = ignore;

  constructor(options: {
    readonly calls: Calls;
    readonly server: Server;
    readonly events: SessionEvents;
    /** Counts a request as in flight until what it returns is called. */
    readonly enter: () => () => void;
    readonly onOpen: (id: string) => void;
    readonly onClose: () => void;
    readonly onError: (error: Error) => void;
  }) {
    this.calls = options.calls;
    this.#server = options.server;
    this.#enter = options.enter;
    this.#events = options.events;
    this.#transport = new AnsweringTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      eventStore: options.events,
      retryInterval: retryMillis,
      onsessioninitialized: options.onOpen,
    });
    this.#transport.onanswer = (id) => this.#settle(id);
    this.#server.onclose = () => {
      for (const id of [...this.#open.keys()]) this.#settle(id);
      options.calls.close();
      options.events.clear();
      options.onClose();
    };
    this.#server.onerror = options.onError;
  }

  /** What the client was told to send in `Mcp-Session-Id`; undefined until it has initialized. */
  get id(): string | undefined {
    return this.#transport.sessionId;
  }

  /** Whether somebody waits for an answer or listens. */
  get isBusy(): boolean {
    return this.#open.size > 0 || this.#streams > 0;
  }

  get hasBatches(): boolean {
    return hasBatches(this.#server.getNegotiatedProtocolVersion());
  }

  connect(): Promise<void> {
    return this.#server.connect(this.#transport);
  }

  /** Ends the session and its streams; calls in flight are interrupted. */
  close(): Promise<void> {
    return this.#server.close();
  }

  /** Takes a POST whose body has been read. */
  async post(request: Request, messages: ReadonlyArray<JSONRPCMessage>): Promise<Response> {
    const ids = messages.filter(isJSONRPCRequest).map(({ id }) => id);
    const inUse = ids.find((id, index) => this.#open.has(id) || ids.indexOf(id) < index);
    if (inUse !== undefined) return jsonRpcResponse(400, idInUse(inUse));
    const isAlone = ids.length === 1;
    const answers: Answers = { isTaken: false };
    for (const id of ids) this.#open.set(id, { leave: this.#enter(), answers, isAlone });
    const [first, ...others] = messages;
    const parsedBody = others.length === 0 ? first : messages;
    const response = await this.#transport.handleRequest(request, { parsedBody });
    if (!response.ok) for (const id of ids) this.#settle(id);
    for (const message of messages) this.#endCancelled(message);
    return whenTaken(startedAtOnce(response), () => {
      answers.isTaken = true;
      // What is still open will be answered to nobody, but kept: it is counted there.
      for (const id of ids) if (!this.#open.has(id)) this.calls.answered(id);
    });
  }

  /** Takes a GET, which opens the stream of notifications or goes on with a broken one, or a DELETE, which ends it all. */
  async handle(request: Request): Promise<Response> {
    const lastEventId = request.headers.get("last-event-id");
    const stream = lastEventId === null ? standalone : this.#events.streamOf(lastEventId);
    if (request.method === "GET" && stream === undefined) return eventUnknown();
    const response = await this.#transport.handleRequest(request);
    if (request.method !== "GET" || !response.ok) return startedAtOnce(response);
    const ended = this.#streaming();
    if (stream !== standalone) {
      request.signal.addEventListener("abort", ended, { once: true });
      return this.#resume(response, ended);
    }
    const paced = pacedBody(response, request.signal, ended);
    // The one before has ended, whether its client still reads it or not.
    this.#leaveStanding();
    this.#leaveStanding = paced.leave;
    this.#transport.room = paced.room;
    return startedAtOnce(paced.response);
  }

  /** Counts a stream until what it returns is called: by its end, or by the client that goes before. */
  #streaming(): () => void {
    this.#streams++;
    let isOpen = true;
    return () => {
      if (isOpen) this.#streams--;
      isOpen = false;
    };
  }

  #resume(response: Response, ended: () => void): Response {
    this.#resumed++;
    return whenTaken(startedAtOnce(response), () => {
      ended();
      this.#resumed--;
      for (const id of this.#answeredLate) if (!this.#open.has(id)) this.calls.answered(id);
      this.#answeredLate.clear();
    });
  }

  /**
   * A cancelled call is never answered, so its stream ends. The transport forgets it only when it is: an error stands in
   * for the answer, which is seen where a stream serves others of a batch too, or is resumed.
   */
  #endCancelled(message: JSONRPCMessage): void {
    const id = cancelledBy(message);
    const request = id === undefined ? undefined : this.#open.get(id);
    if (id === undefined || request === undefined) return;
    if (request.isAlone) this.#transport.closeSSEStream(id);
    this.#transport
      .send({ jsonrpc: "2.0", id, error: { code: requestCancelled, message: "Cancelled." } })
      .catch(ignore);
  }

  #settle(id: RequestId): void {
    const request = this.#open.get(id);
    this.#open.delete(id);
    request?.leave();
    if (request?.answers.isTaken !== true) return;
    if (this.#resumed > 0) this.#answeredLate.add(id);
    else this.calls.answered(id);
  }
}
