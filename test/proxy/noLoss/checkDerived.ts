// Compares what was derived of the frames with the frames: a message for each that a person reads, and a row for each
// tool call, once.
import { nonceIn, read, type Said } from "./frames.ts";
import type { SessionLog } from "./logs.ts";
import type { Problem } from "./Problem.ts";
import type { Recorded, RecordedFrame } from "./recorded.ts";

type Find = (kind: Problem["kind"], about: string) => void;

/** Requests and notifications of which no person reads, nor the results. */
const silent = new Set([
  "initialize",
  "ping",
  "tools/list",
  "notifications/initialized",
  "notifications/progress",
  "notifications/tools/list_changed",
]);

const requestKey = (direction: string, id: unknown): string => JSON.stringify([direction, id]);

const cancellation = "notifications/cancelled";

const otherWay = { to_upstream: "to_client", to_client: "to_upstream" } as const;

/** The role of the message that is made of a frame; undefined where none is. */
const roleOf = (
  { direction }: RecordedFrame,
  { isError, kind, method = "" }: Said,
  asked: Said | undefined,
): string | undefined => {
  switch (kind) {
    case "request":
      if (silent.has(method)) return undefined;
      return direction === "to_upstream" ? "user" : "assistant";
    case "notification":
      return silent.has(asked?.method ?? method) ? undefined : "system";
    case "result":
      if (asked?.method !== undefined && silent.has(asked.method)) return undefined;
      return isError ? "tool" : "assistant";
    case "error":
      return "tool";
    case "raw":
      return undefined;
  }
};

/** How a call ended that was ended by this. */
const statusOf = (answer: Said | undefined): string => {
  if (answer?.method === cancellation) return "cancelled";
  if (answer === undefined || answer.isRetryable) return "lost";
  return answer.kind === "error" || answer.isError ? "error" : "success";
};

/** Compares. */
export const checkDerived = (
  recorded: Recorded,
  { era }: Pick<SessionLog, "era">,
  find: Find,
): void => {
  const frames = recorded.frames.map((each) => ({ ...each, said: read(each.frame) }));
  const requests = new Map(
    frames
      .filter(({ said }) => said.kind === "request")
      .map(({ direction, said }) => [requestKey(direction, said.id), said]),
  );
  const answers = new Map(
    frames
      .filter(({ said }) => said.kind === "result" || said.kind === "error")
      .map((each) => [requestKey(otherWay[each.direction], each.said.id), each]),
  );
  const cancellations = new Map(
    frames
      .filter(({ said }) => said.method === cancellation)
      .map((each) => [requestKey(each.direction, each.said.params["requestId"]), each]),
  );
  /** What a cancellation ends, unless it was answered meanwhile. */
  const givenUp = ({ direction, said, sequence }: (typeof frames)[number]) => {
    const key = requestKey(direction, said.params["requestId"]);
    const answer = answers.get(key);
    return answer !== undefined && answer.sequence < sequence ? undefined : requests.get(key);
  };

  const messages = new Map<number, Array<Recorded["messages"][number]>>();
  let openings = 0;
  for (const [index, message] of recorded.messages.entries()) {
    if (message.turn !== index + 1) find("message", `turn ${message.turn} after ${index}`);
    if (message.event === "opened") openings++;
    if (message.event === "gap") find("lost", message.content);
    if (message.frame === null) continue;
    messages.set(message.frame, [...(messages.get(message.frame) ?? []), message]);
  }
  // Without sessions there are connections, as many as it needs.
  if (era === "legacy" && openings !== 1) find("message", `it was opened ${openings} times`);
  const counted = JSON.stringify([recorded.lastFrame, recorded.lastTurn, recorded.messageCount]);
  const turns = recorded.messages.length;
  const there = JSON.stringify([frames.length, turns, turns]);
  if (counted !== there) find("number", `${counted} in place of ${there}`);

  const calls = new Map(recorded.calls.map((call) => [call.request, call]));
  if (calls.size !== recorded.calls.length) find("call", "a request has several");
  let expectedCalls = 0;
  for (const each of frames) {
    const { direction, frame, said, sequence } = each;
    const asked =
      said.method === cancellation
        ? givenUp(each)
        : requests.get(requestKey(otherWay[direction], said.id));
    const role = roleOf(each, said, asked);
    // What a message says of a result follows from the request, which nobody knows of a stray.
    const isStray = era === "modern" && said.kind === "result" && asked === undefined;
    const found = messages.get(sequence) ?? [];
    const [message] = found;
    if (found.length !== (role === undefined ? 0 : 1) || message?.role !== role) {
      find("message", `${found.length} of ${role ?? "nobody"} for ${frame}`);
    } else if (!isStray && message?.content.includes(nonceIn(frame) ?? "") === false) {
      find("message", `${message.content} for ${frame}`);
    }
    if (said.kind !== "request" || said.method !== "tools/call") continue;
    expectedCalls++;
    const key = requestKey(direction, said.id);
    const answer = answers.get(key) ?? cancellations.get(key);
    const call = calls.get(sequence);
    const status = statusOf(answer?.said);
    if (call?.status !== status || call.result !== (answer?.sequence ?? null)) {
      find("call", `${JSON.stringify(call)} in place of ${status}, ${answer?.sequence}: ${frame}`);
    }
  }
  if (expectedCalls !== recorded.calls.length) {
    find("call", `${recorded.calls.length} in place of ${expectedCalls}`);
  }
};
