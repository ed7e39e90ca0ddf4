// Two live Deweys for the clients, one that asks for tokens and one that does not, with embedded databases.
import { join } from "node:path";
import { type Program, runDewey, temporaryFolder } from "../cli/program.ts";
import type { Target } from "./trials.ts";

const token = "a-token-of-the-clients-with-forty-letters";

/** What clients are told, and whether they are let in. */
export const entrances = ["without tokens", "with its token", "with a wrong token"] as const;
export type Entrance = (typeof entrances)[number];

/** The servers, until they are disposed of. */
export const startServers = async (): Promise<
  { readonly targets: Readonly<Record<Entrance, Target>> } & AsyncDisposable
> => {
  await using started = new AsyncDisposableStack();
  const folder = started.use(await temporaryFolder());
  const start = async (name: string, settings: Readonly<Record<string, string>>) => {
    const dataFolder = join(folder.path, name);
    const program: Program = runDewey(["start"], { DEWEY_DATA_DIR: dataFolder, ...settings });
    // Ended and waited for, so that its database has gone before its folder.
    started.defer(async () => {
      program.kill("SIGTERM");
      await program.exited;
    });
    return { address: await program.serving(), dataFolder } satisfies Target;
  };
  const open = await start("open", {});
  const guarded = await start("guarded", { DEWEY_AUTH_TOKENS: `client:${token}:read` });
  const held = started.move();
  return {
    targets: {
      "without tokens": open,
      "with its token": { ...guarded, token },
      "with a wrong token": { ...guarded, token: token.toUpperCase() },
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
};
