/** What can become another of what clients have read: lists, and single resources. */
import type { Effect, Scope, Stream } from "effect";
import type { CurrentPrincipal } from "../domain/Principal.ts";

/** The lists that a client may want to hear about when they change. */
export type ListName = "tools" | "prompts" | "resources";

/** Something that a client may have read is now another. */
export type CatalogChange =
  | { readonly _tag: "List"; readonly list: ListName }
  /** `id` is what the provider's `identify` makes of the resource's URIs. */
  | { readonly _tag: "Resource"; readonly id: string }
  /** Changes may have been missed: anything may be another. */
  | { readonly _tag: "Resync" };

/** How a catalogue tells of changes. */
export interface CatalogChanges {
  /** The lists that can change at all. */
  readonly lists: ReadonlySet<ListName>;
  /** What changes for the principal from the moment that this succeeds; costs nothing while nobody has run it. */
  readonly follow: Effect.Effect<
    Stream.Stream<CatalogChange>,
    never,
    CurrentPrincipal | Scope.Scope
  >;
}
