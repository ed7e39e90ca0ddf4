/**
 * A program that speaks MCP over its pipes, for one client session: started, spoken to, and ended with all that it
 * started itself. Its frames are lines.
 */
import { statSync } from "node:fs";
import { Duration, Effect, Scope } from "effect";
import { type StdioUpstream, UpstreamUnreachable } from "../domain/Upstream.ts";
import type { Link, LinkHandlers } from "./links.ts";
import { hearComplaints } from "./upstreamProcess/complaints.ts";
import type { Guardian } from "./upstreamProcess/Guardian.ts";
import { ProcessGroup } from "./upstreamProcess/ProcessGroup.ts";
import { ProcessLink } from "./upstreamProcess/ProcessLink.ts";

/** What a program is started in. */
export interface ProcessSurroundings {
  /** What it is told besides its entry's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it is started unless its entry says so. */
  readonly folder: string;
  readonly guardian: Guardian;
  /** How long it has to end by itself once its input has ended, and again after SIGTERM. */
  readonly grace?: Duration.Input;
  readonly frameBytes?: number;
}

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

const MiB = 1024 * 1024;

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const refused = (why: string) =>
  new UpstreamUnreachable({ message: `The program cannot be started: ${why}.` });

/**
 * The program waits for a line before it begins: so it runs only once the guardian knows of it, and a Dewey that dies
 * in between leaves one behind that ends by itself.
 */
const waiting = ["/bin/sh", "-c", 'read -r go && exec "$@"', "sh"] as const;

const spawn = (upstream: StdioUpstream, surroundings: ProcessSurroundings) =>
  Effect.suspend(() => {
    const { args, command } = upstream;
    const cwd = upstream.cwd ?? surroundings.folder;
    const env = { ...surroundings.environment, ...upstream.env };
    if (!isFolder(cwd)) return refused(`its folder ${cwd} is not there`);
    const path = Bun.which(command, { PATH: env["PATH"] ?? "/usr/bin:/bin", cwd });
    if (path === null) return refused(`${command} is not there, or is no program`);
    return Effect.try({
      try: (): Child =>
        Bun.spawn([...waiting, path, ...args], {
          // A process group of its own, which ends as a whole.
          detached: true,
          cwd,
          env,
          stdin: "pipe",
          stdout: "pipe",
          stderr: "pipe",
        }),
      catch: (cause) => refused(cause instanceof Error ? cause.message : String(cause)),
    });
  });

/** Starts the program, and ends it when the scope closes: its input ends, then SIGTERM, then SIGKILL, for its whole group. */
export const startUpstreamProcess = Effect.fn("UpstreamProcess.start")(function* (
  upstream: StdioUpstream,
  handlers: LinkHandlers,
  surroundings: ProcessSurroundings,
): Effect.fn.Return<Link, UpstreamUnreachable, Scope.Scope> {
  const { frameBytes = 16 * MiB, grace = "2 seconds", guardian } = surroundings;
  // Its end comes after the child's, which would stumble over a pipe that nobody reads.
  const pipes = yield* Effect.acquireRelease(Scope.make(), Scope.close);
  const { child } = yield* Effect.acquireRelease(
    Effect.map(spawn(upstream, surroundings), (started) => {
      const forget = () => guardian.forget(started.pid);
      const group = new ProcessGroup(started, Duration.toMillis(grace), forget);
      return { child: started, group, forget };
    }),
    // One that was gone before the guardian knew of it is forgotten here.
    ({ forget, group }) => Effect.andThen(group.end, Effect.sync(forget)),
  );
  const complaints = yield* hearComplaints(child.stderr, upstream.name).pipe(Scope.provide(pipes));
  yield* guardian.watch(child.pid);
  const link = new ProcessLink(child, handlers, complaints, frameBytes);
  yield* Scope.addFinalizer(
    pipes,
    Effect.promise(() => link.cancel()),
  );
  yield* Effect.addFinalizer(() => Effect.sync(() => link.detach()));
  yield* Effect.sync(() => void link.run());
  return link;
});
