/** Event streams whose head reaches the client at once, and which are not taken for broken while they have nothing to say. */

const comment = new TextEncoder().encode(":\n\n");

/** After such a silence a comment is sent: proxies give a stream up that says nothing for a minute. */
export const silenceMillis = 25_000;

const endsEvent = (chunk: Uint8Array): boolean => chunk.at(-1) === 0x0a && chunk.at(-2) === 0x0a;

/** What a promise comes to, or undefined where that takes longer. */
const within = <A>(promise: Promise<A>, millis: number): Promise<A | undefined> => {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, millis, undefined);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/**
 * Begins an event stream with an empty comment, and sends one after each silence. Bun sends the end of an answer's head
 * only with the first byte of its body, so that a client would take a stream without events yet for a server that hangs.
 */
export const keptAlive = (response: Response, silence: number = silenceMillis): Response => {
  const { body, headers, status } = response;
  if (body === null || headers.get("content-type") !== "text/event-stream") return response;
  const bytes: ReadableStream<Uint8Array> = body;
  const reader = bytes.getReader();
  let next: ReturnType<typeof reader.read> | undefined;
  let hasBegun = false;
  let isBetweenEvents = true;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (!hasBegun) {
          hasBegun = true;
          return controller.enqueue(comment);
        }
        next ??= reader.read();
        const read = await (isBetweenEvents ? within(next, silence) : next);
        if (read === undefined) return controller.enqueue(comment);
        next = undefined;
        if (read.done) return controller.close();
        isBetweenEvents = endsEvent(read.value);
        controller.enqueue(read.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(stream, { status, headers });
};
