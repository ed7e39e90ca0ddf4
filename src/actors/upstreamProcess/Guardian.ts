/**
 * A tiny process beside Dewey that ends its children when Dewey is gone, however it went: the kernel then breaks the
 * pipe between the two. It is a few lines of shell, so that it costs next to no memory and cannot fail with Dewey.
 */
import { Effect, type Scope } from "effect";
import { UpstreamUnreachable } from "../../domain/Upstream.ts";

/** Knows the process groups that must not outlive Dewey. */
export interface Guardian {
  /** Succeeds once the guardian has the group in its list; where there is no guardian yet, one is started. */
  readonly watch: (group: number) => Effect.Effect<void, UpstreamUnreachable>;
  /** The group is gone: its number may soon belong to somebody else. */
  readonly forget: (group: number) => void;
}

/**
 * Reads `+ GROUP` and `- GROUP`, and confirms the former. At the end of its input the children see the end of theirs as
 * well: it gives them a moment, then SIGTERM, then SIGKILL, and never signals a group that it saw gone.
 */
const script = `
trap '' HUP INT TERM PIPE
groups=
while read -r word group; do
  case $word in
    +) groups="$groups $group"; echo "$group" ;;
    -)
      rest=
      for each in $groups; do [ "$each" = "$group" ] || rest="$rest $each"; done
      groups=$rest
      ;;
  esac
done
signal() { for each in $groups; do kill -s "$1" -- "-$each" 2>/dev/null; done; }
left() {
  rest=
  for each in $groups; do kill -s 0 -- "-$each" 2>/dev/null && rest="$rest $each"; done
  groups=$rest
  [ -n "$groups" ]
}
wait_for() {
  tries=$1
  while left && [ "$tries" -gt 0 ]; do
    sleep 0.1 2>/dev/null || sleep 1
    tries=$((tries - 1))
  done
}
wait_for 5
signal TERM
wait_for 20
signal KILL
`;

type Shell = Bun.Subprocess<"pipe", "pipe", "ignore">;

const broken = new UpstreamUnreachable({
  message:
    "The program cannot be started: the process that would end it together with Dewey does not run. It needs /bin/sh.",
});

type Resume = (effect: Effect.Effect<void, UpstreamUnreachable>) => void;

class ShellGuardian implements Guardian {
  readonly #groups = new Set<number>();
  readonly #waiting = new Map<number, Resume>();
  #shell: Shell | undefined;
  #isClosed = false;

  watch(group: number): Effect.Effect<void, UpstreamUnreachable> {
    return Effect.callback<void, UpstreamUnreachable>((resume) => {
      this.#groups.add(group);
      this.#waiting.set(group, resume);
      if (this.#shell === undefined) this.#start();
      else this.#say(`+ ${group}`);
      return Effect.sync(() => this.forget(group));
    });
  }

  forget(group: number): void {
    this.#waiting.delete(group);
    if (this.#groups.delete(group)) this.#say(`- ${group}`);
  }

  /** The groups are gone by now, and if one is not, this ends it. */
  close(): void {
    this.#isClosed = true;
    void this.#shell?.stdin.end();
    this.#shell = undefined;
  }

  #start(): void {
    let shell: Shell;
    try {
      shell = Bun.spawn(["/bin/sh", "-c", script], {
        // Out of reach of Ctrl-C, and of whoever kills Dewey's own process group.
        detached: true,
        cwd: "/",
        env: { PATH: "/usr/bin:/bin" },
        stdin: "pipe",
        stdout: "pipe",
        stderr: "ignore",
      });
    } catch {
      this.#fail();
      return;
    }
    // It is not to keep Dewey alive.
    shell.unref();
    this.#shell = shell;
    for (const group of this.#groups) this.#say(`+ ${group}`);
    void this.#listen(shell);
  }

  async #listen(shell: Shell): Promise<void> {
    const decoder = new TextDecoder();
    let confirmed = 0;
    let rest = "";
    try {
      for await (const chunk of shell.stdout) {
        const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          confirmed++;
          const resume = this.#waiting.get(Number(line));
          this.#waiting.delete(Number(line));
          resume?.(Effect.void);
        }
      }
    } catch {
      // A pipe that breaks says what its end says.
    }
    if (this.#shell !== shell) return;
    this.#shell = undefined;
    if (this.#isClosed || this.#groups.size === 0) return;
    // Somebody killed it. One that never got to work would not the next time either.
    if (confirmed > 0) this.#start();
    else this.#fail();
  }

  #fail(): void {
    for (const [group, resume] of [...this.#waiting]) {
      this.#waiting.delete(group);
      this.#groups.delete(group);
      resume(Effect.fail(broken));
    }
  }

  #say(line: string): void {
    const stdin = this.#shell?.stdin;
    if (stdin === undefined) return;
    try {
      void stdin.write(`${line}\n`);
      void Promise.resolve(stdin.flush()).catch(() => {});
    } catch {
      // It is gone; what hears it end starts another.
    }
  }
}

/** A guardian for as long as the scope; its process is started with the first child. */
export const makeGuardian: Effect.Effect<Guardian, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => new ShellGuardian()),
  (guardian) => Effect.sync(() => guardian.close()),
);
