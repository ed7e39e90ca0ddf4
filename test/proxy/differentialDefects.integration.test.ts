// Whether the differential test would find a proxy that is not transparent: a relay with one defect at a time. Most of
// these pass the public conformance suite.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Defect, openBrokenRelay } from "./brokenRelay.ts";
import { differences, type Way } from "./comparing.ts";
import { Ear } from "./Ear.ts";
import { connectWebSocket } from "./frameClients.ts";
import { valueAt, withoutKey, withValueAt } from "./jsonText.ts";
import { play, type Transcript } from "./playing.ts";
import { type Reference, startReference } from "./reference.ts";
import { hangUpScript, type Step, scripts } from "./scripts.ts";

const way: Way = { door: "ws", kind: "ws", era: "2025-11-25" };
const modernWay: Way = { ...way, era: "2026-07-28" };

/** Long enough for what is on its way on one machine, where a defect swallows something, which is waited for in vain. */
const patience = 400;

let ear: Ear;
let reference: Reference;

beforeAll(async () => {
  ear = await Ear.open();
  reference = await startReference(ear);
});

afterAll(async () => {
  await reference[Symbol.asyncDispose]();
  await ear[Symbol.asyncDispose]();
});

/** Nothing is swallowed: what is waited for comes. */
const swallowsNothing = ({ toClient, toUpstream, keepsClient, keepsUpstream }: Defect): boolean =>
  [toClient, toUpstream, keepsClient, keepsUpstream].every((each) => each === undefined);

const playAt = (
  url: string,
  steps: ReadonlyArray<Step>,
  options: { readonly patience?: number } = {},
): Promise<Transcript> =>
  play(() => connectWebSocket(url), steps, ear, { isSession: true, ...options });

const through = async (defect: Defect, steps: ReadonlyArray<Step>): Promise<Transcript> => {
  await using relay = openBrokenRelay(reference.ws, defect);
  return await playAt(relay.url, steps, swallowsNothing(defect) ? {} : { patience });
};

const found = async (
  defect: Defect,
  steps: ReadonlyArray<Step> = scripts[way.era],
  taken: Way = way,
) => differences(await playAt(reference.ws, steps), await through(defect, steps), taken);

const dropping = (key: string): Defect => ({ toClient: (frame) => withoutKey(frame, key) });
const losing = (method: string): ((frame: string) => string | undefined) => {
  const said = `"method":"${method}"`;
  return (frame) => (frame.includes(said) ? undefined : frame);
};
const renumbered = (frame: string): string => {
  try {
    return JSON.stringify(JSON.parse(frame));
  } catch {
    return frame;
  }
};

test("A relay that changes nothing differs in nothing.", async () => {
  expect(await found({})).toEqual([]);
  expect(await found({}, scripts[modernWay.era], modernWay)).toEqual([]);
  expect(await found({}, hangUpScript)).toEqual([]);
});

const inClient = (step: string) => `The client in "${step}"`;
const besideClient = `The client beside "changes"`;
const inServer = "The server's frames";

const dropped: ReadonlyArray<readonly [key: string, where: string]> = [
  ["structuredContent", inClient("structured")],
  ["outputSchema", inClient("tools")],
  ["nextCursor", inClient("tools")],
  ["icons", inClient("tools")],
  ["title", inClient("resources")],
  ["annotations", inClient("media")],
  ["instructions", inClient("initialize")],
  ["extensions", inClient("initialize")],
  ["experimental", inClient("initialize")],
  ["_meta", inClient("a read resource")],
  ["data", inClient("failure")],
  ["isError", inClient("media")],
  ["vendor", inClient("structured")],
];

test.each(dropped)(
  "A relay that drops %s of what the server says is found.",
  async (key, where) => {
    expect((await found(dropping(key))).join("\n")).toContain(where);
  },
);

const requestFields = [
  "cursor",
  "vendor.example/trace",
  "experimental",
  "reason",
  "inputResponses",
];

test.each(requestFields)("A relay that drops %s of what the client says is found.", async (key) => {
  const defect: Defect = { toUpstream: (frame) => withoutKey(frame, key) };
  const isModern = key === "inputResponses";
  const lines = isModern
    ? await found(defect, scripts[modernWay.era], modernWay)
    : await found(defect);
  expect(lines.join("\n")).toContain(inServer);
});

const toClient = [
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/elicitation/complete",
  "notifications/cancelled",
  "vendor.example/unknown",
];

test.each(toClient)("A relay that loses %s on the way to the client is found.", async (method) => {
  expect((await found({ toClient: losing(method) })).join("\n")).toContain(besideClient);
});

test("A relay that loses one of several progress notifications is found.", async () => {
  const lines = await found({
    toClient: (frame) => (frame.includes('"progress":0.50') ? undefined : frame),
  });
  expect(lines.join("\n")).toContain(inClient("progress"));
});

const toServer = ["notifications/cancelled", "notifications/roots/list_changed"];

test.each(toServer)("A relay that loses %s on the way to the server is found.", async (method) => {
  expect((await found({ toUpstream: losing(method) })).join("\n")).toContain(inServer);
});

test("A relay that keeps a client whose server has gone is found.", async () => {
  const lines = await found({ keepsClient: true }, hangUpScript);
  expect(lines).toEqual(["The server ended the connection, and the proxy kept it."]);
});

test("A relay that keeps a server whose client has gone is found.", async () => {
  const lines = await found({ keepsUpstream: true }, scripts[way.era].slice(0, 3));
  expect(lines.join("\n")).toContain("The server's connections");
});

test("A relay that leaves the server with another code is found.", async () => {
  const lines = await found({ closesWith: 4000 }, scripts[way.era].slice(0, 3));
  expect(lines.join("\n")).toContain("close 4000");
});

test("A relay that reads and writes JSON anew is found, by its numbers and its keys.", async () => {
  const lines = (await found({ toClient: renumbered })).join("\n");
  for (const step of ["numbers", "keys", "space", "text"]) expect(lines).toContain(inClient(step));
  expect((await found({ toUpstream: renumbered })).join("\n")).toContain(inServer);
});

test("A relay that normalizes Unicode is found.", async () => {
  const lines = await found({ toClient: (frame) => frame.normalize("NFC") });
  expect(lines.join("\n")).toContain(inClient("text"));
});

test("A relay that writes ids in another way is found.", async () => {
  const asText = (frame: string) =>
    withValueAt(frame, ["id"], (id) => (id.startsWith('"') ? id : `"${id}"`));
  // A few steps are enough: none of them is answered any more, as far as the client can see.
  const steps = scripts[way.era].slice(0, 5);
  expect((await found({ toClient: asText }, steps)).join("\n")).toContain(inClient("tools"));
});

test("A relay that answers before what was told on the way is found.", async () => {
  const held: Array<string> = [];
  const late = (frame: string) => {
    if (frame.includes('"method":"notifications/progress"')) {
      held.push(frame);
      return undefined;
    }
    return valueAt(frame, ["result"]) === undefined ? frame : [frame, ...held.splice(0)];
  };
  expect((await found({ toClient: late })).join("\n")).toContain(inClient("progress"));
});

test("A relay that says things twice is found.", async () => {
  const twice = (frame: string) => (frame.includes("λ") ? [frame, frame] : frame);
  expect((await found({ toClient: twice })).join("\n")).toContain(inClient("progress"));
});
