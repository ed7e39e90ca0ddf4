/** The bodies of answers, read in whole or in parts. */
import type { ExchangeAnswer } from "../../upstreams/UpstreamKind.ts";

/** The chunks of a body; whoever stops reading gives up the rest. */
export async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value }: { readonly value?: Uint8Array | undefined } = await reader.read();
      if (value === undefined) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The whole body; undefined where it is longer than the bound. Rejects where it was cut. */
export const wholeOf = async (
  { body }: Pick<ExchangeAnswer, "body">,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  if (body === null) return new Uint8Array();
  if (body instanceof Uint8Array) return body.length > limit ? undefined : body;
  const chunks: Array<Uint8Array> = [];
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
