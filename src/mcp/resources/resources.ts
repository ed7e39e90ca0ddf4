/** `resources/*` over any number of providers: their lists one after the other, in pages that later changes do not disturb. */
import type {
  ListResourcesResult,
  ListResourceTemplatesResult,
  Resource,
  Server,
  ServerContext,
} from "@modelcontextprotocol/server";
import { Effect, Option } from "effect";
import type { DeweyError } from "../../domain/Errors.ts";
import type { CurrentPrincipal } from "../../domain/Principal.ts";
import type { Answer } from "../answering.ts";
import { pager } from "../pages.ts";
import { protocolErrorOf, resourceNotFound } from "../protocolErrors.ts";
import { readCursor, unknownCursor, writeCursor } from "./cursors.ts";
import type { ResourceProvider } from "./ResourceProvider.ts";

/** Resources on one page of `resources/list`. */
const perPage = 100;

/** A longer URI names nothing: the longest that does has 1 KiB of name, percent-encoded. */
const longestUri = 8192;

/** Who knows a URI, and by what name changes call its resource. */
export const findResource = (providers: ReadonlyArray<ResourceProvider>, uri: string) => {
  if (uri.length > longestUri) return undefined;
  for (const provider of providers) {
    const id = provider.identify(uri);
    if (id !== undefined) return { provider, id };
  }
  return undefined;
};

/** A page of what all providers have. */
const listAll = Effect.fnUntraced(function* (
  providers: ReadonlyArray<ResourceProvider>,
  cursor: string | undefined,
): Effect.fn.Return<ListResourcesResult, DeweyError, CurrentPrincipal> {
  const place = cursor === undefined ? undefined : Option.getOrUndefined(readCursor(cursor));
  const first =
    place === undefined ? 0 : providers.findIndex(({ name }) => name === place.provider);
  if (first < 0 || (cursor !== undefined && place === undefined)) return yield* unknownCursor;
  const resources: Array<Resource> = [];
  for (const [index, { list, name }] of providers.entries()) {
    if (index < first) continue;
    // A full page may be the end of all: the next one is then empty, which costs less than looking ahead.
    if (resources.length >= perPage)
      return { resources, nextCursor: writeCursor({ provider: name }) };
    const after = index === first ? place?.after : undefined;
    const page = yield* list(after, perPage - resources.length);
    resources.push(...page.resources);
    if (page.next !== undefined) {
      return { resources, nextCursor: writeCursor({ provider: name, after: page.next }) };
    }
  }
  return { resources };
});

/** Makes what answers `resources/list`, `resources/templates/list` and `resources/read` of one server. */
export const resourceHandlers = (providers: ReadonlyArray<ResourceProvider>) => {
  const templates = pager(
    providers.flatMap((provider) => provider.templates),
    perPage,
    (resourceTemplates, next): ListResourceTemplatesResult => ({ resourceTemplates, ...next }),
  );
  /** `fetching` is called before the list is read. */
  return (
    server: Server,
    answer: Answer,
    fetching: (context: ServerContext) => Promise<void>,
  ): void => {
    server.setRequestHandler("resources/list", async ({ params }, context) => {
      await fetching(context);
      return answer(listAll(providers, params?.cursor), context.mcpReq);
    });
    server.setRequestHandler("resources/templates/list", ({ params }) => templates(params?.cursor));
    server.setRequestHandler("resources/read", ({ params: { uri } }, context) => {
      const found = findResource(providers, uri);
      if (found === undefined) throw resourceNotFound(uri);
      return answer(found.provider.read(uri, context), context.mcpReq, (error) =>
        error.code === "NOT_FOUND" ? resourceNotFound(uri) : protocolErrorOf(error),
      );
    });
  };
};
