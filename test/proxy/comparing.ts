// What differs between a conversation that went directly to the server and the same through a proxy, after only that was
// mapped which has to differ; each difference is a sentence.
import type { Seen } from "../fixtures/witness.ts";
import type { Era } from "./httpClient.ts";
import { withValueAt } from "./jsonText.ts";
import type { Transcript } from "./playing.ts";

export type Door = "ws" | "http" | "stdio";
export type Kind = "ws" | "http" | "sse" | "stdio";

/** The way that the second conversation took. */
export interface Way {
  readonly door: Door;
  readonly kind: Kind;
  readonly era: Era;
}

/** Whether requests of many clients share one connection to the server, so that what they are called by has to change. */
export const isShared = ({ door, kind, era }: Way): boolean =>
  era === "2026-07-28" && door === "http" && kind !== "http";

/** Whether the client has a connection to the server of its own, that opens and closes. */
export const isSession = ({ kind, era }: Pick<Way, "kind" | "era">): boolean =>
  era === "2025-11-25" || kind !== "http";

const shown = (text: string | undefined, around = 0): string => {
  if (text === undefined) return "nothing";
  const start = Math.max(0, around - 60);
  const part = text.slice(start, around + 120);
  return `${start > 0 ? "…" : ""}${part}${text.length > around + 120 ? "…" : ""}`;
};

const firstDifference = (one: string, other: string): number => {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
};

const listDifferences = (
  what: string,
  direct: ReadonlyArray<string>,
  through: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const at = direct.findIndex((text, index) => text !== through[index]);
  if (at === -1 && direct.length === through.length) return [];
  const index = at === -1 ? direct.length : at;
  const [one, other] = [direct[index], through[index]];
  const where = one === undefined || other === undefined ? 0 : firstDifference(one, other);
  return [
    `${what}, ${index + 1} of ${direct.length} (${through.length}): directly ${shown(one, where)} — through the proxy ${shown(other, where)}`,
  ];
};

/** Names by the order in which values appear, so that the same values have the same names. */
const namer = (prefix: string) => {
  const names = new Map<string, string>();
  return (value: string): string => {
    const name = names.get(value) ?? `«${prefix}${names.size + 1}»`;
    names.set(value, name);
    return name;
  };
};

/** Line ends between tokens become spaces where a wire of lines is on the way. */
const onOneLine = (text: string) => text.replaceAll(/\r?\n/g, " ");

const cancelled = '"method":"notifications/cancelled"';

/**
 * The frames that the server saw. Where connections are shared, ids and progress tokens have names in the order of their
 * appearance, and a cancellation, which the client expressed by going, says no more than which request it means.
 */
const framesSeen = (seen: ReadonlyArray<Seen>, way: Way, map: (text: string) => string) => {
  const id = namer("id");
  const token = namer("token");
  return seen
    .filter(({ kind }) => kind === "frame")
    .map(({ text }) => {
      if (!isShared(way)) return map(text);
      const named = withValueAt(
        withValueAt(withValueAt(text, ["id"], id), ["params", "_meta", "progressToken"], token),
        ["params", "requestId"],
        id,
      );
      if (!text.includes(cancelled)) return map(named);
      return `cancelled ${/«id\d+»/.exec(named)?.[0] ?? named}`;
    });
};

/** The headers of MCP, and those that are a client's own matter, as the server saw them. */
const headsSeen = (seen: ReadonlyArray<Seen>, isHttp: boolean) => {
  // A client over another transport has neither requests of its own nor broken streams.
  const methods = isHttp ? ["POST", "GET", "DELETE"] : ["POST", "DELETE"];
  const ignored = isHttp ? /^(accept|content-type):/ : /^(accept|content-type|x-.*):/;
  const session = namer("session");
  const event = namer("event");
  return seen
    .filter(({ kind, text }) => kind === "http" && methods.includes(text.split("\n")[0] ?? ""))
    .map(({ text }) =>
      text
        .split("\n")
        .filter((line) => !ignored.test(line))
        .map((line) => line.replace(/(?<=^mcp-session-id: ).*/, session))
        .map((line) => line.replace(/(?<=^last-event-id: ).*/, event))
        .join(" | "),
    );
};

/** With the code that a WebSocket was closed with. */
const kindsSeen = (seen: ReadonlyArray<Seen>, ...kinds: ReadonlyArray<Seen["kind"]>) =>
  seen
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ kind, text }) => (kind === "close" ? `close ${text}` : kind));

const statusOf = (head: string) => head.split(" ").slice(0, 2).join(" ");

/** All differences; `direct` is a conversation over the transport that the proxy speaks to the server. */
export const differences = (
  direct: Transcript,
  through: Transcript,
  way: Way,
): ReadonlyArray<string> => {
  const { door, kind, era } = way;
  const isByLines = door === "stdio" || kind === "stdio";
  const map = isByLines ? onOneLine : (text: string) => text;
  const isHttp = door === "http" && kind === "http";
  const steps = direct.heard.flatMap(({ step, frames, unasked }, index) => {
    const other = through.heard[index];
    return [
      ...listDifferences(
        `The client in "${step}"`,
        frames.map(map),
        (other?.frames ?? []).map(map),
      ),
      ...listDifferences(
        `The client beside "${step}"`,
        unasked.map(map),
        (other?.unasked ?? []).map(map),
      ),
    ];
  });
  return [
    ...steps,
    ...listDifferences(
      "The server's frames",
      framesSeen(direct.seen, way, map),
      framesSeen(through.seen, way, map),
    ),
    ...(kind === "http"
      ? [
          ...listDifferences(
            "The server's requests",
            headsSeen(direct.seen, isHttp),
            headsSeen(through.seen, isHttp),
          ),
          ...listDifferences(
            "Requests that nobody waited for any more",
            kindsSeen(direct.seen, "gone"),
            kindsSeen(through.seen, "gone"),
          ),
        ]
      : []),
    ...(isSession(way) && !isShared(way)
      ? listDifferences(
          "The server's connections",
          kindsSeen(direct.seen, "open", "close"),
          kindsSeen(through.seen, "open", "close"),
        )
      : []),
    ...(isHttp ? listDifferences("The responses", direct.heads, through.heads) : []),
    ...(era === "2025-11-25" && door === "http" && !isHttp
      ? listDifferences(
          "Session requests of the client",
          [],
          through.heads.map(statusOf).filter((head) => !/ 20[02]$/.test(head)),
        )
      : []),
    ...(direct.isEnded === through.isEnded
      ? []
      : [
          `The server ${direct.isEnded ? "ended" : "kept"} the connection, and the proxy ${through.isEnded ? "ended" : "kept"} it.`,
        ]),
  ];
};
