/**
 * State that a call hands to its client and gets back with the client's input: sealed, so that nobody can change it or
 * use what was made for another caller or another method. Only the process that sealed it can read it.
 */
import { createRequestStateCodec, type ServerContext } from "@modelcontextprotocol/server";
import { Effect } from "effect";
import { CurrentPrincipal, type Principal } from "../domain/Principal.ts";

const key = crypto.getRandomValues(new Uint8Array(32));

const codecOf = ({ name, space }: Principal) =>
  createRequestStateCodec({
    key,
    bind: ({ mcpReq }) => JSON.stringify([space, name, mcpReq.method]),
  });

/** Seals state for the caller of this request. */
export const sealState = (state: unknown, context: ServerContext) =>
  Effect.flatMap(CurrentPrincipal, (principal) =>
    Effect.promise(() => codecOf(principal).mint(state, context)),
  );

/** What opens the state that a principal's requests bring; it rejects what was not sealed for them. */
export const stateReader =
  (principal: Principal) =>
  (state: string, context: ServerContext): Promise<unknown> =>
    codecOf(principal).verify(state, context);
