/** What a client wants to be told, and the notifications that tell it. */
import type { ServerEvent } from "@modelcontextprotocol/server";
import type { Catalog } from "../Catalog.ts";
import type { CatalogChange, ListName } from "../CatalogChange.ts";
import { findResource } from "../resources/resources.ts";

/** May grow and shrink while changes are told. */
export interface Wish {
  readonly lists: Set<ListName>;
  /** The URIs as the client wrote them, with the names by which changes call their resources. */
  readonly resources: Map<string, string>;
}

/** A notification of the protocol, before it is addressed to anybody. */
export interface Notice {
  readonly method: string;
  readonly params?: { readonly uri: string };
}

/** A client's filter, where everything may be left out. */
export interface Filter {
  readonly toolsListChanged?: boolean | undefined;
  readonly promptsListChanged?: boolean | undefined;
  readonly resourcesListChanged?: boolean | undefined;
  readonly resourceSubscriptions?: ReadonlyArray<string> | undefined;
}

/** The wish that a filter stands for; URIs that no provider knows are never heard of. */
export const wishOf = ({ resources = [] }: Catalog["Service"], filter: Filter): Wish => {
  const lists = new Set<ListName>();
  if (filter.toolsListChanged === true) lists.add("tools");
  if (filter.promptsListChanged === true) lists.add("prompts");
  if (filter.resourcesListChanged === true) lists.add("resources");
  const uris = new Map<string, string>();
  for (const uri of filter.resourceSubscriptions ?? []) {
    const found = findResource(resources, uri);
    if (found !== undefined) uris.set(uri, found.id);
  }
  return { lists, resources: uris };
};

/** What of these changes the wish asks for, each once; looked at as it is told, so that nothing unwished follows. */
export function* noticesOf(wish: Wish, changes: ReadonlyArray<CatalogChange>): Generator<Notice> {
  const isEverything = changes.some(({ _tag }) => _tag === "Resync");
  const lists = new Set(changes.flatMap((one) => (one._tag === "List" ? [one.list] : [])));
  const ids = new Set(changes.flatMap((one) => (one._tag === "Resource" ? [one.id] : [])));
  for (const list of [...wish.lists]) {
    if (isEverything || lists.has(list)) yield { method: `notifications/${list}/list_changed` };
  }
  for (const [uri, id] of [...wish.resources]) {
    if ((isEverything || ids.has(id)) && wish.resources.has(uri)) {
      yield { method: "notifications/resources/updated", params: { uri } };
    }
  }
}

/** A notice in the words of the SDK's bus. */
export const eventOf = ({ method, params }: Notice): ServerEvent => {
  if (params !== undefined) return { kind: "resource_updated", uri: params.uri };
  switch (method) {
    case "notifications/tools/list_changed":
      return { kind: "tools_list_changed" };
    case "notifications/prompts/list_changed":
      return { kind: "prompts_list_changed" };
    default:
      return { kind: "resources_list_changed" };
  }
};
