/** What stands between the guards and the doors: who is asking, whether they may ask now, and for how long they stay. */
import { Effect } from "effect";
import { type DeweyError, Forbidden } from "../domain/Errors.ts";
import { type Scope, stranger } from "../domain/Principal.ts";
import type { Access, Visitor } from "../services/Access.ts";
import { refusal } from "./challenge.ts";
import type { Arrival, Door } from "./Door.ts";
import type { Origin } from "./forwarded.ts";

/** A request that was let in, and the place that it takes. */
export interface Admission {
  readonly arrival: Arrival;
  readonly visitor: Visitor;
  /** Gives the place back. */
  readonly leave: () => void;
}

const nothing = () => {};

const strangeVisitor: Visitor = {
  principal: stranger,
  canGrow: false,
  charge: () => undefined,
  enter: () => nothing,
  watch: () => nothing,
};

const noScope = new Forbidden({
  message: "The token has no scope of Dewey. Ask for one with read, write or delete.",
});

const lacking = (scopes: ReadonlyArray<Scope>) =>
  new Forbidden({
    message: `The token lacks a scope. Get one with ${scopes.length === 1 ? "" : "all of "}${scopes.join(", ")}.`,
  });

/** Makes what lets requests in. */
export const makeAdmission = (access: Access["Service"]) => {
  const identify = (door: Door, request: Request, remoteAddress: string) => {
    const authorization = request.headers.get("authorization");
    const identified = access.identify({ authorization, remoteAddress });
    return door.admitsStrangers === true && authorization === null
      ? Effect.catchTag(identified, "Unauthenticated", () => Effect.succeed(strangeVisitor))
      : identified;
  };

  /** Why a visitor is not served now, or undefined. */
  const refusalOf = (door: Door, { charge, principal }: Visitor): DeweyError | undefined => {
    if (principal.scopes.size === 0) return noScope;
    if (door.scope !== undefined && !principal.scopes.has(door.scope)) return lacking([door.scope]);
    return door.isUncounted === true ? undefined : charge(1);
  };

  const arrivalOf = (request: Request, origin: Origin, visitor: Visitor): Arrival => {
    const { remoteAddress, url } = origin;
    const { canGrow, charge, principal } = visitor;
    const askForScopes = canGrow
      ? (scopes: ReadonlyArray<Scope>) =>
          refusal(lacking(scopes), { url, headers: request.headers }, access.resourceServer, scopes)
      : undefined;
    return { request, url, remoteAddress, principal, charge, askForScopes };
  };

  /** Lets a request in and serves it; unless it is served to its end, its place is given back at once. */
  return <A>(
    door: Door,
    request: Request,
    origin: Origin,
    serve: (admission: Admission) => Effect.Effect<A, DeweyError>,
  ): Effect.Effect<A, DeweyError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        restore(identify(door, request, origin.remoteAddress)),
        (visitor): Effect.Effect<A, DeweyError> => {
          const arrival = arrivalOf(request, origin, visitor);
          if (door.admitsStrangers === true) {
            return restore(serve({ arrival, visitor, leave: nothing }));
          }
          const refused = refusalOf(door, visitor);
          if (refused !== undefined) return Effect.fail(refused);
          const place = visitor.enter();
          if (typeof place !== "function") return Effect.fail(place);
          return restore(serve({ arrival, visitor, leave: place })).pipe(
            Effect.onError(() => Effect.sync(place)),
          );
        },
      ),
    );
};

/**
 * An event stream keeps its place until it ends, and is cut off when the token is no longer good; any other answer is
 * whole already.
 */
export const heldWhileStreaming = (response: Response, { visitor, leave }: Admission): Response => {
  const { body, headers, status } = response;
  if (body === null || headers.get("content-type") !== "text/event-stream") {
    leave();
    return response;
  }
  const cut = new AbortController();
  const unwatch = visitor.watch((reason) => cut.abort(reason));
  const done = () => {
    unwatch();
    leave();
  };
  const passage = new TransformStream<Uint8Array, Uint8Array>();
  // It settles however the stream ends: by itself, by a client that goes away, or cut off.
  body.pipeTo(passage.writable, { signal: cut.signal }).then(done, done);
  return new Response(passage.readable, { status, headers });
};
