/**
 * Subscriptions of the versions with sessions: a client asks for each resource by its URI, and is told of a list without
 * asking; here from the first time that it has fetched the list, as before it has nothing that could be old.
 */
import type { Server, ServerContext } from "@modelcontextprotocol/server";
import { RateLimited } from "../../domain/Errors.ts";
import type { Principal } from "../../domain/Principal.ts";
import type { Catalog } from "../Catalog.ts";
import type { ListName } from "../CatalogChange.ts";
import { mayNotRead, protocolErrorOf, resourceNotFound } from "../protocolErrors.ts";
import { findResource } from "../resources/resources.ts";
import type { Tell, Telling } from "./telling.ts";
import type { Wish } from "./Wish.ts";

/** As many resources as one client may follow. */
export const mostResources = 1000;

/** Past it, a client reads what it wants to know. */
export const tooManyResources = new RateLimited({
  message: `At most ${mostResources} resources may be subscribed to at a time. Unsubscribe from some first.`,
  details: { limit: mostResources },
});

/** What one session wants to be told. */
export interface SessionSubscriptions {
  /** Resolves once changes of the list from now on are told; at once where the version has another way to ask. */
  readonly fetching: (list: ListName, context: ServerContext) => Promise<void>;
}

/** Answers `resources/subscribe` and `resources/unsubscribe`, and tells the session's client. */
export const serveSubscriptions = (
  server: Server,
  catalog: Catalog["Service"],
  principal: Principal,
  tell: Tell,
): SessionSubscriptions => {
  const wish: Wish = { lists: new Set(), resources: new Map() };
  let telling: Telling | undefined;

  const begin = (): Promise<void> => {
    telling ??= tell(wish, ({ method, params }) =>
      server.notification(params === undefined ? { method } : { method, params: { ...params } }),
    );
    return telling.ready;
  };

  const endUnlessWished = () => {
    if (wish.lists.size > 0 || wish.resources.size > 0) return;
    telling?.stop();
    telling = undefined;
  };

  if (catalog.resources !== undefined && catalog.changes !== undefined) {
    const { resources } = catalog;
    server.setRequestHandler("resources/subscribe", async ({ params: { uri } }) => {
      const forbidden = mayNotRead(principal);
      if (forbidden !== undefined) throw protocolErrorOf(forbidden);
      const found = findResource(resources, uri);
      if (found === undefined) throw resourceNotFound(uri);
      if (wish.resources.size >= mostResources && !wish.resources.has(uri)) {
        throw protocolErrorOf(tooManyResources);
      }
      wish.resources.set(uri, found.id);
      await begin();
      return {};
    });
    server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
      wish.resources.delete(uri);
      endUnlessWished();
      return {};
    });
  }

  return {
    fetching: async (list, { mcpReq }) => {
      const isStateless = mcpReq.envelope !== undefined;
      if (isStateless || catalog.changes?.lists.has(list) !== true) return;
      if (mayNotRead(principal) !== undefined) return;
      wish.lists.add(list);
      await begin();
    },
  };
};
