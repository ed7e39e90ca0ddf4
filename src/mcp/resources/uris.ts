/** The URIs of Dewey's resources: `dewey://kind/name`, with what may be asked of a reading in the query. */
import { Effect, Schema } from "effect";
import { Bounds } from "../../domain/Bounds.ts";
import { InvalidInput, NotFound } from "../../domain/Errors.ts";

/** The kinds of resources, as they stand in URIs. */
export type ResourceKind = "conversation" | "startup-context" | "context";

/** How a resource can be read. */
export const formats = ["markdown", "json"] as const;
export type Format = (typeof formats)[number];

export const mimeTypes = {
  markdown: "text/markdown",
  json: "application/json",
} satisfies Record<Format, string>;

/** What a reader asked for. */
export interface Reading {
  readonly format: Format;
  readonly after_turn: number;
}

/** The URI of a resource, the same for everybody who names it. */
export const resourceUri = (kind: ResourceKind, name: string): string =>
  `dewey://${kind}/${encodeURIComponent(name)}`;

/** The URI under which a long conversation goes on after a turn. */
export const continuationUri = (
  id: string,
  { format }: Pick<Reading, "format">,
  after_turn: number,
): string => {
  const query =
    format === "json" ? `format=json&after_turn=${after_turn}` : `after_turn=${after_turn}`;
  return `${resourceUri("conversation", id)}?${query}`;
};

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** What says which texts are names. */
export type NameSchema = Schema.ConstraintDecoder<unknown> & { readonly Type: string };

/** The name in a URI of a kind; undefined where it is no such URI, or its name could not be stored. */
export const nameIn = (kind: ResourceKind, name: NameSchema) => {
  const prefix = `dewey://${kind}/`;
  const decodeName = Schema.decodeUnknownOption(name);
  return (uri: string): string | undefined => {
    if (!uri.startsWith(prefix)) return undefined;
    const [path = ""] = uri.slice(prefix.length).split("?", 1);
    if (/[/#]/.test(path)) return undefined;
    const decodedName = decodeName(decoded(path));
    return decodedName._tag === "Some" ? decodedName.value : undefined;
  };
};

/** The failure of reading a URI that names nothing. */
export const notAResource = (uri: string) =>
  new NotFound({
    message: `There is no resource ${JSON.stringify(uri)}.`,
    details: { path: "uri" },
  });

const wrong = (path: string, message: string) => new InvalidInput({ message, details: { path } });

const isFormat = (text: string): text is Format => formats.some((format) => format === text);

/** What the query of a URI asks for. Only conversations are read in pages. */
export const readingOf = (
  uri: string,
  parameters: ReadonlyArray<keyof Reading>,
): Effect.Effect<Reading, InvalidInput> =>
  Effect.suspend(() => {
    const query = uri.includes("?") ? uri.slice(uri.indexOf("?") + 1) : "";
    let reading: Reading = { format: "markdown", after_turn: 0 };
    for (const [name, value] of new URLSearchParams(query)) {
      if (name === "format" && parameters.includes(name)) {
        if (!isFormat(value)) {
          return Effect.fail(wrong(name, `format: expected one of ${formats.join(", ")}.`));
        }
        reading = { ...reading, format: value };
      } else if (name === "after_turn" && parameters.includes(name)) {
        const turn = Number(value);
        if (!/^\d+$/.test(value) || turn > Bounds.turnNumber) {
          return Effect.fail(
            wrong(name, `after_turn: expected a whole number from 0 to ${Bounds.turnNumber}.`),
          );
        }
        reading = { ...reading, after_turn: turn };
      } else {
        return Effect.fail(
          wrong(
            name.slice(0, 64),
            `The query of this URI may hold ${parameters.join(" and ")}, nothing else.`,
          ),
        );
      }
    }
    return Effect.succeed(reading);
  });
