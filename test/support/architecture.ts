// The import table of ARCHITECTURE.md as rules over the sources, each breach a sentence.
import { dirname, join } from "node:path/posix";
import type { Source } from "./imports.ts";

/** The rooms of the house; a file belongs to the one its path names. */
type Room =
  | "main"
  | "Config"
  | "cli"
  | "domain"
  | "migrations"
  | "sql"
  | "services"
  | "actors"
  | "http"
  | "rpc"
  | "mcp"
  | "proxy";

interface Table {
  readonly rooms: ReadonlyArray<Room>;
  /** Packages by name, `node:*` for what the platform brings. */
  readonly packages: ReadonlyArray<string>;
}

const everyRoomButMain: ReadonlyArray<Room> = [
  "Config",
  "cli",
  "domain",
  "migrations",
  "sql",
  "services",
  "actors",
  "http",
  "rpc",
  "mcp",
  "proxy",
];

const table: Readonly<Record<Room, Table>> = {
  main: { rooms: everyRoomButMain, packages: ["effect", "@effect/platform-bun", "node:*"] },
  cli: { rooms: everyRoomButMain, packages: ["effect", "@effect/platform-bun", "bun", "node:*"] },
  Config: { rooms: ["domain"], packages: ["effect", "node:*"] },
  domain: { rooms: [], packages: ["effect"] },
  migrations: { rooms: [], packages: ["effect"] },
  sql: {
    rooms: ["domain", "migrations"],
    packages: ["effect", "@effect/platform-bun", "@effect/sql-pg", "bun", "node:*"],
  },
  services: {
    rooms: ["domain", "sql", "actors"],
    packages: ["effect", "jose", "@orama/stemmers", "@orama/stopwords", "node:*"],
  },
  actors: { rooms: ["domain", "sql", "services"], packages: ["effect", "node:*"] },
  http: { rooms: ["domain", "services"], packages: ["effect", "bun", "node:*"] },
  rpc: { rooms: ["domain", "services", "actors", "http"], packages: ["effect", "bun", "node:*"] },
  mcp: {
    rooms: ["domain", "services", "actors", "http"],
    packages: ["effect", "@modelcontextprotocol/server", "bun", "node:*"],
  },
  proxy: {
    rooms: ["domain", "services", "actors", "http"],
    packages: [
      "effect",
      "@modelcontextprotocol/server",
      "@modelcontextprotocol/client",
      "bun",
      "node:*",
    ],
  },
};

/** The contract that the doors share, and the client that other services import. */
const contract = "src/rpc/DeweyTools.ts";
const client = "src/rpc/DeweyClient.ts";

/** The files that keep a store of their own beside Postgres. */
const mayUseSqlite = (path: string) =>
  path.startsWith("src/services/journal/") || path.startsWith("src/sql/embedded/");

const isRoom = (name: string): name is Room => Object.hasOwn(table, name);

const roomOf = (path: string): Room | undefined => {
  const [top = "", second = ""] = path.split("/");
  const name = top === "src" ? second.replace(/\.ts$/, "") : top;
  return isRoom(name) ? name : undefined;
};

const packageOf = (specifier: string) =>
  specifier.startsWith("node:")
    ? "node:*"
    : specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");

const resolve = (from: string, specifier: string) => join(dirname(from), specifier);

/** The files of the project that a file imports. */
const neighbours = ({ imports, path }: Source) =>
  imports.filter((specifier) => specifier.startsWith(".")).map((name) => resolve(path, name));

const importBreaches = (source: Source): ReadonlyArray<string> => {
  const { path } = source;
  const room = roomOf(path);
  if (room === undefined) return [`${path} is in no room of the house.`];
  const { packages, rooms } = table[room];
  return source.imports.flatMap((specifier) => {
    const breach = (why: string) => [`${path} imports ${specifier}: ${why}`];
    if (!specifier.startsWith(".")) {
      const name = packageOf(specifier);
      if (name === "bun:sqlite") {
        return mayUseSqlite(path) ? [] : breach("only the journal and the embedded database may.");
      }
      return packages.includes(name) ? [] : breach(`${room} may not use the package ${name}.`);
    }
    const target = resolve(path, specifier);
    // The version is stated once, in the package's own description.
    if (target === "package.json") return [];
    const targetRoom = roomOf(target);
    if (targetRoom === undefined) return breach("it is in no room of the house.");
    if (targetRoom === room || rooms.includes(targetRoom)) return [];
    if (target === contract && (room === "mcp" || room === "proxy")) return [];
    return breach(`${room} may not import from ${targetRoom}.`);
  });
};

/** Everything that a file reaches, itself included. */
const reach = (start: string, sources: ReadonlyMap<string, Source>): ReadonlyArray<Source> => {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    const source = sources.get(path);
    if (source === undefined || seen.has(path)) return;
    seen.add(path);
    for (const next of neighbours(source)) visit(next);
  };
  visit(start);
  return [...seen].flatMap((path) => sources.get(path) ?? []);
};

/** What is shipped to clients must not bring the server along. */
const shippedBreaches = (sources: ReadonlyMap<string, Source>): ReadonlyArray<string> =>
  [contract, client].flatMap((entry) =>
    reach(entry, sources).flatMap(({ imports, path }) => [
      ...(["domain", "rpc"].includes(roomOf(path) ?? "")
        ? []
        : [
            `${entry} is shipped to clients and reaches ${path}: only domain and rpc may go along.`,
          ]),
      ...imports
        .filter((name) => !name.startsWith(".") && packageOf(name) !== "effect")
        .map((name) => `${entry} is shipped to clients and reaches ${name} through ${path}.`),
    ]),
  );

/** Circles of imports, those of types included, each named once. */
const circles = (sources: ReadonlyMap<string, Source>): ReadonlyArray<string> => {
  const done = new Set<string>();
  const found: Array<string> = [];
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    if (trail.includes(path)) {
      const circle = [...trail.slice(trail.indexOf(path)), path];
      found.push(`${circle.join(" → ")}: the imports go round in a circle.`);
      return;
    }
    const source = sources.get(path);
    if (source === undefined || done.has(path)) return;
    for (const next of neighbours(source)) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
};

/** The comment a file begins with, after a line for the shell. */
const header = (text: string) =>
  /^(?:#!.*\n)?((?:\/\/.*\n)+|\/\*[\s\S]*?\*\/)/.exec(text)?.[1] ?? "";

const shapeBreaches = ({ isBarrel, path, text }: Source): ReadonlyArray<string> => {
  const lines = text.trimEnd().split("\n").length;
  const comment = header(text);
  const limit = path === "src/main.ts" ? 79 : 500;
  const explained = limit === 500 && /\blines\b/.test(comment);
  return [
    ...(isBarrel ? [`${path} only passes on what others export: import from where it is.`] : []),
    ...(comment === "" ? [`${path} does not begin with a comment that says what it is for.`] : []),
    ...(lines > limit && !explained
      ? [
          `${path} has ${lines} lines: more than ${limit}. Split it, or say in its header why so many lines.`,
        ]
      : []),
  ];
};

/** Every breach of the house's rules among these sources. */
export const breaches = (all: ReadonlyArray<Source>): ReadonlyArray<string> => {
  const sources = new Map(all.map((source) => [source.path, source]));
  return [
    ...all.flatMap((source) => [...importBreaches(source), ...shapeBreaches(source)]),
    ...shippedBreaches(sources),
    ...circles(sources),
  ];
};
