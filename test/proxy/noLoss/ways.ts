// The ways through Dewey that are played: doors, the upstreams behind each, and how many clients go there.
import { Client, type ClientOptions, type LineOptions } from "./Client.ts";
import type { Chance } from "./chance.ts";
import { openHttpLine } from "./httpLine.ts";
import { openModernLine } from "./modernLine.ts";
import { openSocketLine } from "./socketLine.ts";
import { openStdioLine, type StdioProgram } from "./stdioLine.ts";
import type { Speech } from "./Talk.ts";

/** The upstreams, by their kinds. */
export const upstreams = ["ws", "http", "sse", "stdio"] as const;
export type UpstreamName = (typeof upstreams)[number];

const doors = ["ws", "http", "modern", "stdio"] as const;
type Door = (typeof doors)[number];

/** Clients of each door for each upstream; one that needs a process for each session is dear. */
const clientsEach: Readonly<Record<Door, number>> = { ws: 2, http: 2, modern: 1, stdio: 1 };

const behind: Readonly<Record<Door, ReadonlyArray<UpstreamName>>> = {
  ws: upstreams,
  http: upstreams,
  modern: upstreams,
  stdio: ["ws", "stdio"],
};

/** What can be said to an upstream of each kind. */
const speechTo: Readonly<Record<UpstreamName, Speech>> = {
  ws: "bytes",
  sse: "bytes",
  stdio: "texts",
  http: "messages",
};

/** Where Dewey is. */
export interface Whereabouts {
  /** Of the proxy, or of what leads there. */
  readonly port: number;
  /** What is started for an upstream. */
  readonly stdio: (upstream: UpstreamName) => StdioProgram;
}

type Kind = Pick<ClientOptions, "era" | "isOrdered" | "open" | "speech">;

const kindOf = (door: Door, upstream: UpstreamName, { port, stdio }: Whereabouts): Kind => {
  const addressFor = ({ log }: LineOptions) =>
    `127.0.0.1:${port}/mcp/${upstream}?session=${log.id}`;
  const [framed, posted] = [
    { era: "legacy", isOrdered: true, speech: speechTo[upstream] },
    { isOrdered: false, speech: "messages" },
  ] as const;
  switch (door) {
    case "ws":
      return { ...framed, open: (options) => openSocketLine(addressFor(options), options) };
    case "stdio":
      return { ...framed, open: (options) => openStdioLine(stdio(upstream), options) };
    case "http":
      return {
        ...posted,
        era: "legacy",
        open: (options) => openHttpLine(addressFor(options), options),
      };
    case "modern":
      return {
        ...posted,
        era: "modern",
        open: (options) => openModernLine(addressFor(options), options),
      };
  }
};

/** All clients, which have not begun. */
export const makeClients = (
  whereabouts: Whereabouts,
  chance: Chance,
  stir: () => void,
): ReadonlyArray<Client> =>
  doors.flatMap((door) =>
    behind[door].flatMap((upstream) =>
      Array.from(
        { length: clientsEach[door] },
        () =>
          new Client({
            ...kindOf(door, upstream, whereabouts),
            door,
            upstream,
            chance: chance.fork(),
            stir,
          }),
      ),
    ),
  );
