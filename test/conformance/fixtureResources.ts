// The resources that the conformance suite reads and watches.
import type { ReadResourceResult, Resource } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import { NotFound } from "../../src/domain/Errors.ts";
import type { ResourceProvider } from "../../src/mcp/resources/ResourceProvider.ts";
import { redPixel } from "./media.ts";

const template = /^test:\/\/template\/([^/]+)\/data$/;

const resources: ReadonlyArray<Resource> = [
  {
    uri: "test://static-text",
    name: "static-text",
    description: "A text that never changes.",
    mimeType: "text/plain",
  },
  {
    uri: "test://static-binary",
    name: "static-binary",
    description: "An image that never changes.",
    mimeType: "image/png",
  },
  {
    uri: "test://watched-resource",
    name: "watched-resource",
    description: "A text that may be watched.",
    mimeType: "text/plain",
  },
];

const contentsOf = (uri: string): ReadResourceResult["contents"] | undefined => {
  const [, id] = template.exec(uri) ?? [];
  if (id !== undefined) {
    const data = { id, templateTest: true, data: `Data for ID: ${id}` };
    return [{ uri, mimeType: "application/json", text: JSON.stringify(data) }];
  }
  switch (uri) {
    case "test://static-text":
      return [
        {
          uri,
          mimeType: "text/plain",
          text: "This is the content of the static text resource.",
        },
      ];
    case "test://static-binary":
      return [{ uri, mimeType: "image/png", blob: redPixel }];
    case "test://watched-resource":
      return [{ uri, mimeType: "text/plain", text: "Watched content." }];
    default:
      return undefined;
  }
};

/** All fixture resources. */
export const fixtureResources: ResourceProvider = {
  name: "fixtures",
  templates: [
    {
      uriTemplate: "test://template/{id}/data",
      name: "template",
      description: "Data by its id.",
      mimeType: "application/json",
    },
  ],
  list: (after, limit) => {
    const start = after === undefined ? 0 : resources.findIndex(({ uri }) => uri === after) + 1;
    const page = resources.slice(start, start + limit);
    const last = page.at(-1);
    const isLast = start + page.length >= resources.length;
    return Effect.succeed({
      resources: page,
      ...(isLast || last === undefined ? {} : { next: last.uri }),
    });
  },
  identify: (uri) => (uri.startsWith("test://") ? uri : undefined),
  read: (uri) => {
    const contents = contentsOf(uri);
    return contents === undefined
      ? Effect.fail(new NotFound({ message: `There is no resource ${uri}.` }))
      : Effect.succeed({ contents });
  },
};
