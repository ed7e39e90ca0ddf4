/** What of a client's request is between it and Dewey alone, and what goes on to the upstream. */

const ours = new Set([
  // Who the client is to Dewey; the upstream's own credentials are its entry's.
  "authorization",
  "cookie",
  "host",
  "x-dewey-session",
  // Where the client is; nobody behind Dewey is told.
  "forwarded",
  "x-real-ip",
  // Of the body as it came, which is sent anew.
  "content-length",
  "expect",
]);

/** The headers that an upstream gets; `Origin` is among them, so that its own check still guards it. */
export const headersForUpstream = (headers: Headers): Record<string, string> => {
  const sent: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (!ours.has(name) && !name.startsWith("x-forwarded-")) sent[name] = value;
  }
  return sent;
};
