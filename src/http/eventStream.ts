/** Event streams whose head reaches the client at once. */

const comment = new TextEncoder().encode(":\n\n");

/**
 * Begins an event stream with an empty comment. Bun sends the end of an answer's head only with the first byte of its
 * body, so that a client would take a stream without events yet for a server that hangs.
 */
export const startedAtOnce = (response: Response): Response => {
  const { body, headers, status } = response;
  if (body === null || headers.get("content-type") !== "text/event-stream") return response;
  const begun = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(comment),
  });
  return new Response(body.pipeThrough(begun), { status, headers });
};
