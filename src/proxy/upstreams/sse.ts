/**
 * Upstreams of the transport of 2024-11-05: an event stream that names an address, to which each message is posted.
 * Posts have no order of their own, so the next leaves when the one before was accepted.
 */
import { Deferred, Duration, Effect, type Scope } from "effect";
import type { Link, LinkHandlers } from "../../actors/links.ts";
import type { Frame } from "../../domain/Frame.ts";
import { type SseUpstream, UpstreamUnreachable } from "../../domain/Upstream.ts";
import { EventStreamParser, mostEventBytes } from "../sse.ts";
import { sendRequest, type UpstreamBody } from "./http/client.ts";
import { answersPing } from "./ping.ts";
import { shownUrl } from "./shownUrl.ts";
import { isOk, type PostBounds, Posts, wordsOf } from "./sse/posts.ts";
import type { UpstreamKind } from "./UpstreamKind.ts";

/** The bounds of one connection. */
export interface SseBounds extends PostBounds {
  readonly frameBytes: number;
  /** How long the upstream may take until it has named its address. */
  readonly opening: Duration.Input;
}

const defaultBounds: SseBounds = {
  frameBytes: mostEventBytes,
  opening: "10 seconds",
  patience: "250 millis",
  posts: 32,
};

/** The event stream and the posts as a link. */
class SseLink implements Link {
  readonly #url: string;
  readonly #address: URL;
  readonly #body: UpstreamBody;
  readonly #posts: Posts;
  readonly #ending = new AbortController();
  readonly #parser: EventStreamParser;
  readonly #bounds: SseBounds;
  readonly #endpoint = Deferred.makeUnsafe<void, UpstreamUnreachable>();
  #handlers: LinkHandlers | undefined;
  readonly #begun = Promise.withResolvers<void>();
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(
    upstream: SseUpstream,
    handlers: LinkHandlers,
    body: UpstreamBody,
    bounds: SseBounds,
  ) {
    this.#url = shownUrl(upstream.url);
    this.#address = new URL(upstream.url);
    this.#handlers = handlers;
    this.#body = body;
    this.#bounds = bounds;
    this.#parser = new EventStreamParser(bounds.frameBytes);
    this.#posts = new Posts(upstream, bounds, this.#ending.signal, (why) => this.#lost(why));
    void this.#read();
  }

  /** Waits until the upstream has named its address. */
  get ready(): Effect.Effect<void, UpstreamUnreachable> {
    return Deferred.await(this.#endpoint);
  }

  /** Tells the handlers from now on. */
  begin(): void {
    setImmediate(this.#begun.resolve);
  }

  readonly send = (frame: Frame): Promise<void> | undefined => this.#posts.send(frame);

  readonly pause = (): void => {
    this.#paused ??= Promise.withResolvers<void>();
  };

  readonly resume = (): void => {
    this.#paused?.resolve();
    this.#paused = undefined;
  };

  /** Nothing more is told to the handlers, and nothing sent. */
  end(): void {
    this.#handlers = undefined;
    this.#ending.abort();
    this.#body.cancel();
    this.#begun.resolve();
    this.resume();
  }

  async #read(): Promise<void> {
    let why = "ended its event stream";
    try {
      for (let chunk = await this.#body.read(); chunk !== undefined; ) {
        for (const { data, event } of this.#parser.push(chunk)) {
          if (data === undefined) continue;
          if (event === "endpoint") this.#named(data);
          else if (event === undefined || event === "message") await this.#received(data);
        }
        if (this.#parser.isTooLong) {
          why = `sent a message of more than ${this.#bounds.frameBytes} bytes`;
          break;
        }
        chunk = await this.#body.read();
      }
    } catch (cause) {
      why = `broke its event stream: ${wordsOf(cause)}`;
    }
    this.#lost(why);
  }

  async #received(data: Frame): Promise<void> {
    // The first message waits until somebody was told that the link is open.
    await this.#begun.promise;
    await this.#paused?.promise;
    this.#handlers?.onFrame(data);
  }

  #named(data: Frame): void {
    const text = typeof data === "string" ? data : "";
    const address = URL.parse(text, this.#address.href) ?? undefined;
    // Credentials of the entry go to the server that it names, and nowhere else.
    if (address === undefined || address.origin !== this.#address.origin) {
      this.#lost("names an address for messages that is not its own");
      return;
    }
    this.#posts.to(address);
    Deferred.doneUnsafe(this.#endpoint, Effect.void);
  }

  #lost(why: string): void {
    const handlers = this.#handlers;
    this.end();
    const message = `${this.#url} ${why}.`;
    const isOpen = !Deferred.doneUnsafe(
      this.#endpoint,
      Effect.fail(new UpstreamUnreachable({ message })),
    );
    if (isOpen) handlers?.onLost(message);
  }
}

const openStream = (upstream: SseUpstream) => {
  const url = shownUrl(upstream.url);
  const refused = (why: string) =>
    new UpstreamUnreachable({ message: `${url} cannot be connected to: ${why}.` });
  return Effect.tryPromise({
    try: (signal) => {
      const headers = new Headers(upstream.headers);
      headers.set("accept", "text/event-stream");
      return sendRequest({ url: upstream.url, method: "GET", headers, body: undefined, signal });
    },
    catch: (cause) => refused(wordsOf(cause)),
  }).pipe(
    Effect.flatMap(({ body, headers, status }) => {
      const type = headers.get("content-type") ?? "";
      if (isOk(status) && type.startsWith("text/event-stream")) return Effect.succeed(body);
      body.cancel();
      return refused(
        isOk(status) ? "it answers with no event stream" : `it answers with status ${status}`,
      );
    }),
  );
};

const open = Effect.fn("sse.open")(function* (
  upstream: SseUpstream,
  handlers: LinkHandlers,
  bounds: SseBounds,
): Effect.fn.Return<Link, UpstreamUnreachable, Scope.Scope> {
  const opened = Effect.gen(function* () {
    const link = yield* Effect.acquireRelease(
      Effect.map(openStream(upstream), (body) => new SseLink(upstream, handlers, body, bounds)),
      (made) => Effect.sync(() => made.end()),
      { interruptible: true },
    );
    yield* link.ready;
    return link;
  });
  const link = yield* opened.pipe(
    Effect.timeoutOrElse({
      duration: bounds.opening,
      orElse: () =>
        new UpstreamUnreachable({
          message: `${shownUrl(upstream.url)} has named no address for messages within ${Duration.format(Duration.fromInputUnsafe(bounds.opening))}.`,
        }),
    }),
  );
  link.begin();
  return link;
});

/** The kind, with bounds that a test may lower. */
export const makeSseKind = (given: Partial<SseBounds> = {}): UpstreamKind<SseUpstream> => {
  const bounds = { ...defaultBounds, ...given };
  return {
    open: (upstream, handlers) => open(upstream, handlers, bounds),
    check: (upstream) => answersPing((handlers) => open(upstream, handlers, bounds)),
  };
};
