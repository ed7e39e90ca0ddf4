/** Startup contexts and the shared context as resources: each is a text under a name, read as it is. */
import { Effect, Schema } from "effect";
import { ContextKey } from "../../domain/ContextEntry.ts";
import type { DeweyError } from "../../domain/Errors.ts";
import type { CurrentPrincipal } from "../../domain/Principal.ts";
import { StartupContextName } from "../../domain/StartupContext.ts";
import type { Directory } from "../../services/Directory.ts";
import type { SharedContext } from "../../services/SharedContext.ts";
import type { StartupContexts } from "../../services/StartupContexts.ts";
import { containing, maxSuggestions, type Suggestions, startingWith } from "../suggestions.ts";
import { unknownCursor } from "./cursors.ts";
import type { ResourceProvider } from "./ResourceProvider.ts";
import {
  formats,
  mimeTypes,
  type NameSchema,
  nameIn,
  notAResource,
  type ResourceKind,
  readingOf,
  resourceUri,
} from "./uris.ts";

/** A text as lists show it. */
interface Listed {
  readonly name: string;
  readonly description: string;
  readonly size: number;
  readonly lastModified: string;
}

/** What is different between the kinds of texts. */
interface TextKind {
  readonly kind: ResourceKind;
  /** The schema of names, and what the template calls them. */
  readonly nameSchema: NameSchema;
  readonly variable: string;
  readonly title: string;
  readonly description: string;
  readonly list: (
    after: string | undefined,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<Listed>, DeweyError, CurrentPrincipal>;
  readonly read: (
    name: string,
  ) => Effect.Effect<{ readonly content: string }, DeweyError, CurrentPrincipal>;
  readonly suggest: (typed: string) => Effect.Effect<Suggestions, DeweyError, CurrentPrincipal>;
}

const textResources = (texts: TextKind): ResourceProvider => {
  const { kind, nameSchema, variable } = texts;
  const plainTemplate = `dewey://${kind}/{${variable}}`;
  const formatTemplate = `${plainTemplate}{?format}`;
  const nameOf = nameIn(kind, nameSchema);
  const isName = Schema.is(nameSchema);
  return {
    name: kind,
    templates: [
      {
        uriTemplate: plainTemplate,
        name: kind.replace("-", "_"),
        title: texts.title,
        description: `${texts.description} The text as it is.`,
        mimeType: mimeTypes.markdown,
      },
      {
        uriTemplate: formatTemplate,
        name: `${kind.replace("-", "_")}_as`,
        title: `${texts.title}, in a format`,
        description: `${texts.description} The text as it is (markdown), or with all that is known of it (json).`,
      },
    ],
    list: Effect.fnUntraced(function* (after, limit) {
      if (after !== undefined && !isName(after)) return yield* unknownCursor;
      const found = yield* texts.list(after, limit);
      const last = found.length < limit ? undefined : found.at(-1);
      return {
        resources: found.map(({ name, description, size, lastModified }) => ({
          uri: resourceUri(kind, name),
          name,
          title: name,
          description,
          mimeType: mimeTypes.markdown,
          size,
          annotations: { lastModified },
        })),
        ...(last !== undefined && { next: last.name }),
      };
    }),
    identify: (uri) => {
      const name = nameOf(uri);
      return name === undefined ? undefined : resourceUri(kind, name);
    },
    read: Effect.fnUntraced(function* (uri) {
      const name = nameOf(uri);
      if (name === undefined) return yield* notAResource(uri);
      const { format } = yield* readingOf(uri, ["format"]);
      const found = yield* texts.read(name);
      const text = format === "json" ? JSON.stringify(found) : found.content;
      return { contents: [{ uri, mimeType: mimeTypes[format], text }] };
    }),
    complete: (template, name, typed) => {
      if (template !== plainTemplate && template !== formatTemplate) return undefined;
      if (name === variable) return texts.suggest(typed);
      return name === "format" ? Effect.succeed(startingWith(formats, typed)) : undefined;
    },
  };
};

/** Completes the name of a startup context, those first that begin as was typed. */
export const suggestStartupContexts = (
  startupContexts: StartupContexts["Service"],
  typed: string,
) =>
  Effect.map(startupContexts.list({}), ({ contexts }) =>
    containing(
      contexts.map(({ name }) => name),
      typed,
    ),
  );

/** All startup contexts of the caller's space. */
export const startupContextResources = (
  startupContexts: StartupContexts["Service"],
  directory: Directory["Service"],
): ResourceProvider =>
  textResources({
    kind: "startup-context",
    nameSchema: StartupContextName,
    variable: "name",
    title: "A startup context",
    description: "What an agent reads before it begins, by its name.",
    list: (after, limit) =>
      Effect.map(directory.startupContexts(after, limit), (found) =>
        found.map(({ name, is_active, size_bytes, updated_at }) => ({
          name,
          description: is_active ? "The active startup context" : "A startup context",
          size: size_bytes,
          lastModified: updated_at,
        })),
      ),
    read: (name) => startupContexts.get({ name }),
    suggest: (typed) => suggestStartupContexts(startupContexts, typed),
  });

/** The shared context of the caller's space, key by key. */
export const sharedContextResources = (
  sharedContext: SharedContext["Service"],
  directory: Directory["Service"],
): ResourceProvider =>
  textResources({
    kind: "context",
    nameSchema: ContextKey,
    variable: "key",
    title: "Shared context",
    description: "What agents share under a key.",
    list: (after, limit) =>
      Effect.map(directory.keys(after, limit), (found) =>
        found.map(({ key, version, size_bytes, updated_at }) => ({
          name: key,
          description: `Shared context, version ${version}`,
          size: size_bytes,
          lastModified: updated_at,
        })),
      ),
    read: (key) => sharedContext.read({ key }),
    suggest: (typed) =>
      Effect.map(sharedContext.list({ search: typed, limit: maxSuggestions }), (found) => ({
        values: found.entries.map(({ key }) => key),
        ...(found.total_is_exact && { total: found.total }),
        hasMore: found.total > found.entries.length,
      })),
  });
