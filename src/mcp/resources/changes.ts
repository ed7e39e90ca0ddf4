/** The feed of changes as clients of MCP know it: by the URIs of resources. */
import { Array as Arrays, Effect, Stream } from "effect";
import type { Change, Resync } from "../../domain/Change.ts";
import { CurrentPrincipal } from "../../domain/Principal.ts";
import type { Changes } from "../../services/Changes.ts";
import type { CatalogChange, CatalogChanges } from "../CatalogChange.ts";
import { type ResourceKind, resourceUri } from "./uris.ts";

const kinds = {
  conversation: "conversation",
  startup_context: "startup-context",
  shared_context: "context",
} satisfies Record<Change["kind"], ResourceKind>;

const listChanged: CatalogChange = { _tag: "List", list: "resources" };

const told = (change: Change | Resync): Arrays.NonEmptyReadonlyArray<CatalogChange> => {
  if (change.kind === "resync") return [{ _tag: "Resync" }];
  const id = resourceUri(kinds[change.kind], change.name);
  const updated: CatalogChange = { _tag: "Resource", id };
  return change.what === "updated" ? [updated] : [listChanged, updated];
};

/** What of Dewey changes: resources, in the caller's space. Its tools and prompts stay what they are. */
export const deweyChanges = (changes: Changes["Service"]): CatalogChanges => ({
  lists: new Set(["resources"]),
  follow: Effect.gen(function* () {
    const { space } = yield* CurrentPrincipal;
    const stream = yield* changes.subscribe;
    // Batches stay batches, so that many new resources are one change of the list.
    return stream.pipe(
      Stream.filter((change) => change.kind === "resync" || change.space === space),
      Stream.mapArray(Arrays.flatMap(told)),
    );
  }),
});
