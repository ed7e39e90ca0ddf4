// Requests of the stateless version over HTTP, of which nothing but what each of them says makes one conversation.
import type { Line, LineOptions } from "./Client.ts";
import { Exchanges } from "./Exchanges.ts";
import { modernHeaders } from "./eras.ts";
import { keyOf } from "./frames.ts";

/** Opens one. */
export const openModernLine = (address: string, options: LineOptions): Line => {
  const exchanges = new Exchanges(address, options);
  setImmediate(options.opened);
  return {
    close: exchanges.close,
    send: (frame) => {
      if (exchanges.isOver) return;
      const key = keyOf(frame);
      options.log.sent.push(key);
      exchanges.run(
        exchanges.post(frame, modernHeaders(key)).then((answer) => exchanges.take(answer)),
      );
    },
  };
};
