// Whether the differential test would find an HTTP proxy that is not transparent: a relay with one defect at a time.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type HttpDefect, openBrokenHttpRelay } from "./brokenHttpRelay.ts";
import { differences, isSession } from "./comparing.ts";
import { Ear } from "./Ear.ts";
import { type Era, makeHttpClient } from "./httpClient.ts";
import { play } from "./playing.ts";
import { connectDirectly, type Reference, startReference, vendorHeaders } from "./reference.ts";
import { scripts } from "./scripts.ts";

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

const found = async (defect: HttpDefect, era: Era): Promise<string> => {
  const options = { isSession: isSession({ kind: "http", era }) };
  const steps = scripts[era];
  const direct = await play(
    () => connectDirectly("http", era, reference, ear),
    steps,
    ear,
    options,
  );
  await using relay = openBrokenHttpRelay(reference.http, defect);
  const own = { ...vendorHeaders, authorization: "Bearer its-own", cookie: "its=own" };
  const isSound = Object.keys(defect).length === 0;
  const through = await play(async () => makeHttpClient(relay.url, era, own), steps, ear, {
    ...options,
    ...(isSound ? {} : { patience }),
  });
  return differences(direct, through, { door: "http", kind: "http", era }).join("\n");
};

const withoutHeader =
  (name: string) =>
  (headers: Headers): void =>
    headers.delete(name);

test("A relay that changes nothing differs in nothing.", async () => {
  expect(await found({}, "2025-11-25")).toBe("");
  expect(await found({}, "2026-07-28")).toBe("");
});

const lostRequestHeaders: ReadonlyArray<readonly [string, Era]> = [
  ["last-event-id", "2025-11-25"],
  ["mcp-protocol-version", "2025-11-25"],
  ["mcp-param-region", "2026-07-28"],
  ["x-vendor-example", "2026-07-28"],
];

test.each(lostRequestHeaders)(
  "A relay that drops %s of a request in %s is found.",
  async (name, era) => {
    const lines = await found({ request: withoutHeader(name) }, era);
    expect(lines).toContain("The server's requests");
  },
);

test("A relay that gives the client's token to the server is found.", async () => {
  const request = (headers: Headers, given: Headers) =>
    headers.set("authorization", given.get("authorization") ?? "");
  expect(await found({ request }, "2026-07-28")).toContain("The server's requests");
});

const lostResponseHeaders = ["x-vendor-example", "x-accel-buffering", "cache-control"];

test.each(lostResponseHeaders)("A relay that drops %s of a response is found.", async (name) => {
  const lines = await found({ response: withoutHeader(name) }, "2026-07-28");
  expect(lines).toContain("The responses");
});

test("A relay that answers with another status is found.", async () => {
  const status = (given: number) => (given === 404 ? 200 : given);
  expect(await found({ status }, "2026-07-28")).toContain("The responses");
});

test("A relay that goes on with requests that nobody waits for is found.", async () => {
  const lines = await found({ keepsRequests: true }, "2026-07-28");
  expect(lines).toContain("Requests that nobody waited for any more");
});
