/** What a catalogue offers beside tools, as capabilities and handlers of a server: resources, prompts, completion, subscriptions. */
import type { CacheHint, Server, ServerCapabilities } from "@modelcontextprotocol/server";
import { answering } from "./answering.ts";
import type { Calls } from "./Calls.ts";
import type { Catalog } from "./Catalog.ts";
import type { ListName } from "./CatalogChange.ts";
import { completer, completionOf } from "./completion.ts";
import { promptHandlers } from "./prompts/prompts.ts";
import { resourceHandlers } from "./resources/resources.ts";
import { serveSubscriptions } from "./subscriptions/sessions.ts";
import type { Tell } from "./subscriptions/telling.ts";

/** Data of the caller's own space, which anybody there may change at any time. */
const dataHint = { ttlMs: 0, cacheScope: "private" } satisfies CacheHint;

/** How long data may be kept without asking again, for the requests that answer with some. */
export const dataHints = { "resources/list": dataHint, "resources/read": dataHint } as const;

/** The capabilities of servers of a catalogue, and what gives a server its handlers. */
export const offersOf = (catalog: Catalog["Service"]) => {
  const { changes, prompts, resources } = catalog;
  const listChanged = (list: ListName) =>
    changes?.lists.has(list) === true ? { listChanged: true } : {};
  const capabilities: ServerCapabilities = {
    tools: listChanged("tools"),
    ...(prompts !== undefined && { prompts: listChanged("prompts") }),
    ...(resources !== undefined && {
      resources: { ...listChanged("resources"), ...(changes !== undefined && { subscribe: true }) },
    }),
    ...((prompts !== undefined || resources !== undefined) && { completions: {} }),
  };
  const serveResources = resources === undefined ? undefined : resourceHandlers(resources);
  const servePrompts = prompts === undefined ? undefined : promptHandlers(prompts);
  const complete = completer(catalog);

  /** `tell` is that of a session; requests without one have no other way to subscribe than to listen. */
  const serve = (server: Server, calls: Calls, tell: Tell | undefined) => {
    const answer = answering(calls);
    const subscriptions =
      tell === undefined ? undefined : serveSubscriptions(server, catalog, calls.principal, tell);
    const fetching = subscriptions?.fetching ?? (() => Promise.resolve());
    serveResources?.(server, answer, (context) => fetching("resources", context));
    servePrompts?.(server, answer, (context) => fetching("prompts", context));
    if (capabilities.completions !== undefined) {
      server.setRequestHandler("completion/complete", async ({ params }, { mcpReq }) =>
        completionOf(await answer(complete(params), mcpReq)),
      );
    }
    return { fetching };
  };

  return { capabilities, serve };
};
