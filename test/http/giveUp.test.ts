// What gives a request up does as an AbortController would.
import { describe, expect, test } from "bun:test";
import { abortSignalOf, GiveUp } from "../../src/http/giveUp.ts";

describe("giving up", () => {
  test("is told once, to whoever still listens", () => {
    const giveUp = new GiveUp();
    const told: Array<string> = [];
    const forgotten = () => told.push("forgotten");
    giveUp.addEventListener("abort", () => told.push("listening"));
    giveUp.addEventListener("abort", forgotten);
    giveUp.removeEventListener("abort", forgotten);
    expect(giveUp.aborted).toBe(false);
    giveUp.abort();
    giveUp.abort();
    giveUp.addEventListener("abort", () => told.push("too late"));
    expect(giveUp.aborted).toBe(true);
    expect(told).toEqual(["listening"]);
  });

  test("reaches what takes a signal of the platform alone", () => {
    const early = new GiveUp();
    early.abort();
    expect(abortSignalOf(early).aborted).toBe(true);
    const later = new GiveUp();
    const signal = abortSignalOf(later);
    expect(signal.aborted).toBe(false);
    later.abort();
    expect(signal.aborted).toBe(true);
    const { signal: own } = new AbortController();
    expect(abortSignalOf(own)).toBe(own);
  });
});
