// Programs of Postgres that run to their end, and what the system says about foreign processes.
import * as fs from "node:fs/promises";
import { Effect, Option } from "effect";
import type { SystemUser } from "./DataFolder.ts";
import { EmbeddedDatabaseError, fileFailure } from "./EmbeddedDatabaseError.ts";

/** Nothing of this process's environment may reach Postgres: `PG*` variables change what it does. */
export const postgresEnvironment = { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" };

/** Runs a program to its end; a failure carries what it printed. */
export const runProgram = Effect.fnUntraced(function* (
  command: readonly [string, ...Array<string>],
  options: { readonly user: SystemUser | undefined; readonly input?: string },
) {
  const spawn = Effect.try({
    try: () =>
      Bun.spawn([...command], {
        ...options.user,
        cwd: "/",
        env: postgresEnvironment,
        stdin: new Blob([options.input ?? ""]),
        stdout: "pipe",
        stderr: "pipe",
      }),
    catch: (cause) => fileFailure("run", command[0], cause),
  });
  return yield* Effect.acquireUseRelease(
    spawn,
    (child) =>
      Effect.promise(async () => {
        const [code, printed, complained] = await Promise.all([
          child.exited,
          child.stdout.text(),
          child.stderr.text(),
        ]);
        return { code, printed, complained };
      }),
    (child) =>
      Effect.sync(() => {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      }),
  ).pipe(
    Effect.flatMap(({ code, complained }) =>
      code === 0
        ? Effect.void
        : new EmbeddedDatabaseError({
            message: `${command[0]} ended with code ${code}: ${complained.trim()}`,
          }),
    ),
  );
});

/** The command line of a live process; a zombie has none. */
export const commandLine = (pid: number): Effect.Effect<Option.Option<string>> =>
  Effect.promise(() =>
    (process.platform === "linux" ? fromProc(pid) : fromPs(pid)).catch(() => Option.none()),
  );

const fromProc = async (pid: number) => {
  const [raw, stat] = await Promise.all([
    fs.readFile(`/proc/${pid}/cmdline`, "utf8"),
    fs.readFile(`/proc/${pid}/stat`, "utf8"),
  ]);
  // "pid (name) state …": the name may hold anything, so count from its closing bracket.
  const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  return state === "Z" || raw === "" ? Option.none() : Option.some(raw.replaceAll("\0", " "));
};

const fromPs = async (pid: number) => {
  const child = Bun.spawn(["ps", "-ww", "-o", "stat=,command=", "-p", String(pid)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const line = (await child.stdout.text()).trim();
  return line === "" || line.startsWith("Z") ? Option.none() : Option.some(line);
};
