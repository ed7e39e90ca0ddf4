/** The client's way over HTTP. Unlike the stock one it turns a refusal by status back into the error that Dewey meant. */
import { Effect, Option, Predicate, Schema } from "effect";
import { HttpBody, HttpClient, type HttpClientError } from "effect/unstable/http";
import { HttpClientErrorSchema } from "effect/unstable/http/HttpClientError";
import { RpcClient, RpcClientError, RpcSerialization } from "effect/unstable/rpc";
import type { FromServerEncoded, RequestEncoded } from "effect/unstable/rpc/RpcMessage";
import { DeweyError, TooLarge } from "../domain/Errors.ts";
import { failed } from "./envelope.ts";

const tags = {
  INVALID_INPUT: "InvalidInput",
  NOT_FOUND: "NotFound",
  CONFLICT: "Conflict",
  TOO_LARGE: "TooLarge",
  CONFIRMATION_REQUIRED: "ConfirmationRequired",
  RATE_LIMITED: "RateLimited",
  UNAUTHENTICATED: "Unauthenticated",
  FORBIDDEN: "Forbidden",
  UNAVAILABLE: "Unavailable",
  TIMEOUT: "TimedOut",
  INTERNAL: "Internal",
} as const satisfies { [Code in DeweyError["code"]]: Extract<DeweyError, { code: Code }>["_tag"] };

const isCode = (code: unknown): code is keyof typeof tags =>
  typeof code === "string" && Object.hasOwn(tags, code);

const readFields = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown));
const readTagged = Schema.decodeUnknownOption(DeweyError);

/** Reads the body of a refusal, which has the error's fields without its tag. */
const readError = (body: unknown): Option.Option<DeweyError> =>
  Option.flatMap(readFields(body), (fields) =>
    isCode(fields["code"]) ? readTagged({ ...fields, _tag: tags[fields["code"]] }) : Option.none(),
  );

/** The envelope alone: what is inside is read with the schemas of its tool. */
const isAnswer = (message: unknown): message is FromServerEncoded =>
  Predicate.isTagged(message, "Exit") || Predicate.isTagged(message, "Defect");

const connectionFailed = (error: HttpClientError.HttpClientError) =>
  new RpcClientError.RpcClientError({ reason: HttpClientErrorSchema.fromHttpClientError(error) });

const notDewey = (status: number, cause: unknown) =>
  new RpcClientError.RpcClientError({
    reason: new RpcClientError.RpcClientDefect({
      message: `The answer, of status ${status}, is not from the RPC door of Dewey. Check the URL.`,
      cause,
    }),
  });

/** The listener refuses larger requests before it reads them, without a body. */
const tooLarge = new TooLarge({
  message: "The call is larger than a request may be. Send less at once.",
});

/** Sends each call as a request of its own; interrupting the call ends the request. */
export const httpProtocol = (url: string, headers: Readonly<Record<string, string>>) =>
  RpcClient.Protocol.make(
    Effect.fnUntraced(function* (answer) {
      const client = yield* HttpClient.HttpClient;
      const { contentType, codecFor } = RpcSerialization.json;

      const post = Effect.fnUntraced(function* (request: RequestEncoded) {
        const body = HttpBody.text(JSON.stringify(request), contentType);
        const response = yield* client.post(url, { body, headers });
        return { status: response.status, text: yield* response.text };
      }, Effect.mapError(connectionFailed));

      const call = Effect.fnUntraced(function* (clientId: number, request: RequestEncoded) {
        const { status, text } = yield* post(request);
        if (status === 413 && text === "")
          return yield* answer(clientId, failed(request.id, tooLarge));
        const body = yield* Effect.try({
          try: (): unknown => JSON.parse(text),
          catch: (cause) => notDewey(status, cause),
        });
        const error = Option.getOrUndefined(readError(body));
        if (error !== undefined) return yield* answer(clientId, failed(request.id, error));
        const message: unknown = Array.isArray(body) ? body[0] : undefined;
        if (!isAnswer(message)) return yield* notDewey(status, body);
        return yield* answer(clientId, message);
      });

      return {
        // An interrupt needs no message here: it ends the request.
        send: (clientId, request) =>
          request._tag === "Request" ? call(clientId, request) : Effect.void,
        supportsAck: false,
        supportsTransferables: false,
        codecFor,
      };
    }),
  );
