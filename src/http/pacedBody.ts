/** An event stream that says when its reader has taken what was written, so that a slow one makes nothing pile up. */

/** Passes a response on as fast as it is read; `gone` tells that its reader has left, `ended` is told of any end. */
export const pacedBody = (
  response: Response,
  gone: AbortSignal,
  ended: () => void = () => {},
): {
  readonly response: Response;
  /** Resolves when the reader waits for more, and at once when there is none any more. */
  readonly room: () => Promise<void>;
  /** Counts the reader as gone. */
  readonly leave: () => void;
} => {
  const { body, headers, status } = response;
  if (body === null) {
    ended();
    return { response, room: () => Promise.resolve(), leave: () => {} };
  }
  const reader = body.getReader();
  let isWaiting = false;
  let isGone = gone.aborted;
  let waiting: Array<() => void> = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };
  const leave = () => {
    isGone = true;
    wake();
    ended();
  };
  gone.addEventListener("abort", leave, { once: true });
  const paced = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        isWaiting = true;
        wake();
        const chunk: { readonly done: boolean; readonly value?: Uint8Array } = await reader.read();
        isWaiting = false;
        if (!chunk.done) return controller.enqueue(chunk.value);
        controller.close();
        leave();
      },
      cancel: (reason) => {
        leave();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const room = () =>
    isWaiting || isGone
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
  return { response: new Response(paced, { status, headers }), room, leave };
};
