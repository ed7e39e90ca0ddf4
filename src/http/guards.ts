/** Who may knock at all: Host and Origin are checked before any door sees a request, and CORS is for allowed origins. */

/** The names beyond loopback that are let in. */
export interface AllowedNames {
  /** Names that Dewey is reached by: `dewey.example.org`, or with a port to allow only that one. */
  readonly hosts: ReadonlyArray<string>;
  /** Web origins whose pages may call Dewey, such as `https://claude.ai`. */
  readonly origins: ReadonlyArray<string>;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

const parse = (url: string): URL | undefined => URL.parse(url) ?? undefined;

const isAllowedHost = (host: string | null, allowed: AllowedNames): boolean => {
  if (host === null || /[/?#@\\\s]/.test(host)) return false;
  const url = parse(`http://${host}`);
  if (url === undefined) return false;
  return (
    loopback.test(url.hostname) ||
    allowed.hosts
      .map((name) => name.toLowerCase())
      .some((name) => name === url.hostname || name === host.toLowerCase())
  );
};

const isAllowedOrigin = (origin: string, allowed: AllowedNames): boolean => {
  if (allowed.origins.includes(origin)) return true;
  const url = parse(origin);
  return url?.origin === origin && loopback.test(url.hostname);
};

/** The reason to refuse a request by its Host or Origin, as a sentence, or undefined. */
export const refusalOf = (
  headers: Headers,
  allowed: AllowedNames,
  host = headers.get("host"),
): string | undefined => {
  if (!isAllowedHost(host, allowed)) {
    return `The host ${JSON.stringify(host ?? "")} is not allowed. Use a loopback name, or add it to DEWEY_ALLOWED_HOSTS.`;
  }
  const origin = headers.get("origin");
  if (origin !== null && !isAllowedOrigin(origin, allowed)) {
    return `The origin ${JSON.stringify(origin)} is not allowed. Add it to DEWEY_ALLOWED_ORIGINS if its pages are meant to call Dewey.`;
  }
  return undefined;
};

/** Lets the page of an allowed origin read the answer. Call it only for requests that `refusalOf` let in. */
export const withCors = (request: Request, response: Response): Response => {
  const origin = request.headers.get("origin");
  if (origin === null) return response;
  response.headers.set("Access-Control-Allow-Origin", origin);
  response.headers.set(
    "Access-Control-Expose-Headers",
    "Mcp-Session-Id, Retry-After, WWW-Authenticate",
  );
  response.headers.append("Vary", "Origin");
  return response;
};

/** The answer to a browser that asks what it may send, or undefined for any other request. */
export const preflight = (request: Request): Response | undefined => {
  const wanted = request.headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || wanted === null) return undefined;
  return new Response(null, {
    status: 204,
    headers: {
      "Access-Control-Allow-Methods": "GET, POST, DELETE",
      "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers") ?? "*",
      "Access-Control-Max-Age": "600",
    },
  });
};
