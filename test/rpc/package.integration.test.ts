// The package as others get it: packed, unpacked into a project of its own, type-checked there without any leniency,
// and run against a live server.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Console, Effect } from "effect";
import { it } from "../support/it.ts";
import { startRpc } from "./rpcServer.ts";

const root = join(import.meta.dir, "../..");

const service = `
import { type CallError, type Calls, DeweyClient, isRetryable } from "dewey/rpc";
import { Console, Context, Effect, Layer, Redacted } from "effect";

class Memory extends Context.Service<
  Memory,
  { readonly remember: (content: string) => Effect.Effect<number, CallError> }
>()("consumer/Memory") {
  static readonly layer = Layer.effect(
    Memory,
    Effect.map(DeweyClient, (dewey) => ({
      remember: (content) =>
        dewey
          .dewey_begin_conversation({ metadata: { from: "consumer" } })
          .pipe(
            Effect.flatMap(({ conversation_id }) =>
              dewey.dewey_store_message({ conversation_id, role: "user", content }),
            ),
            Effect.map(({ turn_number }) => turn_number),
          ),
    })),
  );
}

const typed = (dewey: Calls) => {
  // @ts-expect-error no such property
  const unknown = dewey.read_context({ key: "k", other: 1 });
  // @ts-expect-error no such role
  const role = dewey.dewey_store_message({ conversation_id: "c", role: "nobody", content: "x" });
  // @ts-expect-error an optional property is left out, not undefined
  const absent = dewey.read_context({ key: "k", version: undefined });
  // @ts-expect-error the content is text
  const content: Effect.Effect<number, unknown> = Effect.map(dewey.read_context({ key: "k" }), (e) => e.content);
  const recovered: Effect.Effect<string, CallError> = dewey.read_context({ key: "k" }).pipe(
    Effect.map((entry) => entry.content),
    Effect.catchTag("NotFound", (error) => Effect.succeed(error.message)),
  );
  return { unknown, role, absent, content, recovered, isRetryable };
};

const url = String(globalThis.process?.env["DEWEY_URL"]);
const token = Redacted.make("unused");
const client = url.startsWith("ws")
  ? DeweyClient.layer({ url, token })
  : DeweyClient.layerHttp({ url, token });

const program = Effect.gen(function* () {
  const memory = yield* Memory;
  yield* Console.log("turn", yield* memory.remember("hello"));
  yield* Console.log(Object.keys(typed(yield* DeweyClient)).length, "typed");
});
await Effect.runPromise(Effect.provide(program, Layer.provideMerge(Memory.layer, client)));
`;

const declarations = `declare global { var process: { env: Record<string, string | undefined> } | undefined }
export {};
`;

const compilerOptions = {
  target: "ES2023",
  lib: ["ESNext", "DOM"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  outDir: "built",
  rootDir: ".",
};

const command = async (
  cwd: string,
  argv: ReadonlyArray<string>,
  env: Record<string, string> = {},
) => {
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout, output: stdout + stderr };
};

const tsc = join(root, "node_modules/.bin/tsc");
let folder: string;
let project: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dewey-package-"));
  // Packed from a copy: what packing builds must not appear in the working tree.
  const source = join(folder, "source");
  await mkdir(source);
  for (const part of ["package.json", "tsconfig.json", "src", "types", "migrations"]) {
    await cp(join(root, part), join(source, part), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(source, "node_modules"));
  const packed = await command(source, [
    process.execPath,
    "pm",
    "pack",
    "--filename",
    "../dewey.tgz",
  ]);
  expect(packed).toMatchObject({ code: 0 });

  project = join(folder, "project");
  const modules = join(project, "node_modules");
  await mkdir(join(modules, "dewey"), { recursive: true });
  const unpacked = await command(folder, [
    "tar",
    "-xzf",
    "dewey.tgz",
    "--strip-components=1",
    "-C",
    join(modules, "dewey"),
  ]);
  expect(unpacked).toMatchObject({ code: 0 });
  await symlink(join(root, "node_modules/effect"), join(modules, "effect"));
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(project, "service.ts"), service);
  await writeFile(join(project, "globals.d.ts"), declarations);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const check = async (options: object) => {
  const tsconfig = {
    compilerOptions: { ...compilerOptions, ...options },
    files: ["service.ts", "globals.d.ts"],
  };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify(tsconfig));
  return command(project, [tsc, "-p", "."]);
};

test("type-checks with strict settings and no types of Bun, for Node's resolution and for bundlers'", async () => {
  expect(await check({ module: "Preserve", moduleResolution: "bundler", noEmit: true })).toEqual({
    code: 0,
    stdout: "",
    output: "",
  });
  expect(await check({ module: "NodeNext" })).toEqual({ code: 0, stdout: "", output: "" });
}, 60_000);

it.effect(
  "runs on Bun from source, and as built JavaScript, against a live server",
  () =>
    Effect.gen(function* () {
      const server = yield* startRpc((name) =>
        Effect.succeed(
          name === "dewey_begin_conversation"
            ? { conversation_id: crypto.randomUUID(), session_id: null, created_at: "now" }
            : { message_id: "m", turn_number: 7, created_at: "now" },
        ),
      );
      const programs = [
        { argv: [process.execPath, "service.ts"], url: server.ws },
        { argv: [process.execPath, "service.ts"], url: server.http },
      ];
      const node = Bun.which("node");
      if (node === null)
        yield* Console.warn("Node is not installed: the built JavaScript is not tried.");
      else programs.push({ argv: [node, "built/service.js"], url: server.http });
      for (const { argv, url } of programs) {
        const result = yield* Effect.promise(() => command(project, argv, { DEWEY_URL: url }));
        expect(result).toEqual({
          code: 0,
          stdout: "turn 7\n6 typed\n",
          output: "turn 7\n6 typed\n",
        });
      }
    }),
  { timeout: 60_000 },
);
