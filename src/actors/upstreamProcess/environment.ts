/** What a child is told of the environment that Dewey runs in. */

type Environment = Readonly<Record<string, string | undefined>>;

/** What MCP clients pass on too: what a program needs to run, and none of what may be a secret. */
const safeNames: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "TERM",
  "LANG",
  "TZ",
  "TMPDIR",
]);

const pick = (environment: Environment, isWanted: (name: string) => boolean) => {
  const picked = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && isWanted(name)) picked.set(name, value);
  }
  return Object.fromEntries(picked);
};

/** For a Dewey that serves many: a short list of harmless variables. */
export const safeEnvironment = (environment: Environment): Readonly<Record<string, string>> =>
  pick(environment, (name) => safeNames.has(name) || /^(LC|XDG)_/.test(name));

/** For a Dewey that one client started: all that the client has, without what is meant for Dewey. */
export const clientEnvironment = (environment: Environment): Readonly<Record<string, string>> =>
  pick(environment, (name) => !name.startsWith("DEWEY_"));
