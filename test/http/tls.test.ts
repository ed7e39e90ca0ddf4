// TLS by the listener itself, and a certificate that is replaced while clients are connected.
import { describe, expect } from "bun:test";
import { connect } from "node:tls";
import { Effect, Logger } from "effect";
import type { Door } from "../../src/http/Door.ts";
import type { Certificate } from "../../src/http/Listener.ts";
import { makeAuthority } from "../support/certificates.ts";
import { it } from "../support/it.ts";
import { listening } from "./listening.ts";
import { openSocket } from "./sockets.ts";

const issued = (authority: ReturnType<typeof makeAuthority>): Certificate => {
  const { certificate, key } = authority.issue(["localhost"]);
  return { cert: certificate, key };
};

/** The authority whose certificate is shown to who connects. */
const issuerAt = (port: number) =>
  Effect.callback<string>((resume) => {
    const socket = connect(
      { port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false },
      () => {
        resume(Effect.succeed(String(socket.getPeerCertificate().issuer.CN)));
        socket.destroy();
      },
    );
    socket.on("error", (error) => resume(Effect.die(error)));
  });

const echo: Door = {
  name: "echo",
  paths: ["/"],
  onRequest: ({ url }) => Effect.sync(() => new Response(url.protocol)),
  onConnection: (connection) =>
    Effect.forever(
      Effect.flatMap(connection.take, (frames) =>
        Effect.forEach(frames, connection.send, { discard: true }),
      ),
    ).pipe(Effect.ignore),
};

const get = (port: number, ca: string) =>
  Effect.promise(() =>
    fetch(`https://localhost:${port}/`, { tls: { ca }, keepalive: false }).then(
      (response) => response.text(),
      () => "refused",
    ),
  );

describe("with a certificate", () => {
  it.effect("serves TLS, to clients that know its authority, and nothing else", () =>
    Effect.gen(function* () {
      const authority = makeAuthority("one");
      const { port } = yield* listening([echo], { tls: issued(authority) });
      expect(yield* get(port, authority.certificate)).toBe("https:");
      expect(yield* get(port, makeAuthority("other").certificate)).toBe("refused");
      const plain = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${port}/`).then(
          ({ status }) => status,
          () => "refused",
        ),
      );
      expect(plain).not.toBe(200);
    }),
  );

  it.effect("takes a newer one for new connections, and keeps those that are open", () =>
    Effect.gen(function* () {
      const [first, second, third] = [
        makeAuthority("one"),
        makeAuthority("two"),
        makeAuthority("three"),
      ];
      const { port, renew, stop } = yield* listening([echo], { tls: issued(first) });
      const open = (authority: ReturnType<typeof makeAuthority>) =>
        openSocket(`wss://localhost:${port}/`, { tls: { ca: authority.certificate } });
      const early = yield* open(first);
      expect(yield* issuerAt(port)).toBe("one");

      yield* renew(issued(second));
      expect(yield* issuerAt(port)).toBe("two");
      expect(yield* get(port, second.certificate)).toBe("https:");
      const middle = yield* open(second);

      // One that cannot be served with changes nothing.
      yield* renew({ cert: "no certificate", key: "no key" }).pipe(
        Effect.provide(Logger.layer([])),
      );
      expect(yield* issuerAt(port)).toBe("two");

      yield* renew(issued(third));
      expect(yield* issuerAt(port)).toBe("three");
      for (const socket of [early, middle]) {
        yield* socket.send("still there");
        expect(yield* socket.next).toBe("still there");
      }

      // The end of the listener is the end of all of them.
      yield* stop;
      for (const socket of [early, middle]) {
        expect(yield* socket.closed).toMatchObject({ code: 1001 });
      }
      const after = yield* Effect.promise(() =>
        fetch(`https://localhost:${port}/`, { tls: { ca: third.certificate } }).then(
          () => "served",
          () => "refused",
        ),
      );
      expect(after).toBe("refused");
    }),
  );
});
