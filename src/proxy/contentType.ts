/** What a body is said to be. */

/** The type in small letters, without its parameters; empty where there is none. */
export const contentTypeOf = (headers: Headers): string =>
  (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** Whether events follow one another in it. */
export const isEventStream = (headers: Headers): boolean =>
  contentTypeOf(headers) === "text/event-stream";
