// What another process prints, line by line.

/** The lines of a stream as they come, without what follows the last end of a line: that is what it returns. */
export async function* wholeLinesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  return rest;
}

/** The lines of a stream as they come. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const rest = yield* wholeLinesOf(stream);
  if (rest !== "") yield rest;
}
