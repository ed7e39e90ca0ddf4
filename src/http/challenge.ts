/** What a caller without the right token is told about where to get one: RFC 6750's challenges, RFC 9728's metadata. */
import { Effect } from "effect";
import type { DeweyError } from "../domain/Errors.ts";
import type { Scope } from "../domain/Principal.ts";
import { Access, type ResourceServer } from "../services/Access.ts";
import type { Arrival, Door } from "./Door.ts";
import { errorResponse } from "./responses.ts";

const wellKnown = "/.well-known/oauth-protected-resource";

/** What a client should ask its authority for: what the tools need, all at once. */
const neededScopes: ReadonlyArray<Scope> = ["read", "write", "delete"];

/** What a client can ask for. `admin` is for those who run Dewey, who name it by themselves. */
const supportedScopes: ReadonlyArray<Scope> = [...neededScopes, "proxy"];

const pathOf = (url: URL): string => (url.pathname === "/mcp" ? `${wellKnown}/mcp` : wellKnown);

const parameters = (values: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]))
    .join(", ");

/** The `WWW-Authenticate` header for a refusal; undefined for errors that another token would not help with. */
const challengeOf = (
  error: DeweyError,
  request: { readonly url: URL; readonly headers: Headers },
  resourceServer: ResourceServer | undefined,
  scopes: ReadonlyArray<Scope>,
): string | undefined => {
  if (error.code !== "UNAUTHENTICATED" && error.code !== "FORBIDDEN") return undefined;
  const { url, headers } = request;
  const missing = headers.get("authorization") === null;
  const fault =
    error.code === "FORBIDDEN" ? "insufficient_scope" : missing ? undefined : "invalid_token";
  const metadata = resourceServer === undefined ? undefined : `${url.origin}${pathOf(url)}`;
  const rest = parameters({
    error: fault,
    resource_metadata: metadata,
    scope: metadata === undefined ? undefined : scopes.join(" "),
  });
  return rest === "" ? "Bearer" : `Bearer ${rest}`;
};

/** A refusal as an HTTP answer, with where to get a better token if that would help. */
export const refusal = (
  error: DeweyError,
  request: { readonly url: URL; readonly headers: Headers },
  resourceServer: ResourceServer | undefined,
  scopes: ReadonlyArray<Scope> = neededScopes,
): Response => {
  const response = errorResponse(error);
  const challenge = challengeOf(error, request, resourceServer, scopes);
  if (challenge !== undefined) response.headers.set("WWW-Authenticate", challenge);
  return response;
};

const isUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** Tokens are asked for by the resource's URL: the audience where it is one, else the URL that the client found us by. */
const resourceOf = ({ audiences }: ResourceServer, url: URL): string =>
  audiences.find(isUrl) ?? `${url.origin}${url.pathname.slice(wellKnown.length)}`;

/** Makes the door of the protected-resource metadata, where JWTs are taken. */
export const makeMetadataDoor = Effect.fn("metadataDoor.make")(function* () {
  const { resourceServer } = yield* Access;

  const onRequest = ({ request, url }: Arrival) =>
    Effect.sync(() => {
      if (request.method !== "GET" && request.method !== "HEAD") {
        return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
      }
      if (resourceServer === undefined) return new Response(null, { status: 404 });
      return Response.json(
        {
          resource: resourceOf(resourceServer, url),
          authorization_servers: [resourceServer.issuer],
          scopes_supported: supportedScopes,
          bearer_methods_supported: ["header"],
          resource_name: "Dewey",
        },
        { headers: { "Cache-Control": "max-age=300" } },
      );
    });

  return {
    name: "metadata",
    paths: [wellKnown, `${wellKnown}/mcp`],
    admitsStrangers: true,
    onRequest,
  } satisfies Door;
});
