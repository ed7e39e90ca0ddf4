// What the proofs of transparency are measured against: the reference server says the same over each of its transports,
// and none of the scripts' steps is left without what it asks for.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { differences, isSession, type Kind } from "./comparing.ts";
import { Ear } from "./Ear.ts";
import type { Era } from "./httpClient.ts";
import { valueAt } from "./jsonText.ts";
import { play, type Transcript } from "./playing.ts";
import { connectDirectly, type Reference, startReference } from "./reference.ts";
import { scripts } from "./scripts.ts";

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

describe.each(["2025-11-25", "2026-07-28"] as const)("%s", (era: Era) => {
  // What is no message is refused by each transport in words of its own.
  const steps = scripts[era].filter(({ isNoMessage }) => isNoMessage !== true);

  const over = async (kind: Kind): Promise<Transcript> => {
    const transcript = await play(() => connectDirectly(kind, era, reference, ear), steps, ear, {
      isSession: isSession({ kind, era }),
    });
    return { ...transcript, seen: [], heads: [] };
  };

  test("Every request but a cancelled one is answered, by its scene where it names one.", async () => {
    const { heard } = await over("ws");
    expect(heard.map(({ step }) => step)).toEqual(steps.map(({ name }) => name));
    const unanswered = steps.filter(({ id, meanwhile }, index) => {
      const isCancelled = meanwhile !== undefined && "cancel" in meanwhile;
      if (id === undefined || isCancelled) return false;
      const last = heard[index]?.frames.at(-1) ?? "";
      return valueAt(last, ["id"]) !== id || valueAt(last, ["method"]) !== undefined;
    });
    expect(unanswered).toEqual([]);
    const refused = steps.filter((_, index) => {
      const code = valueAt(heard[index]?.frames.at(-1) ?? "", ["error", "code"]);
      return code !== undefined;
    });
    const meant = ["a method that nobody knows", "failure", "an elicitation before the call"];
    expect(refused.map(({ name }) => name).filter((name) => !meant.includes(name))).toEqual([]);
  });

  test.each(["http", "sse", "stdio"] as const)("It is the same over %s.", async (kind) => {
    const one = await over("ws");
    const other = await over(kind);
    const way = { door: kind === "stdio" ? "stdio" : "ws", kind: "ws", era } as const;
    expect(differences(one, other, way)).toEqual([]);
  });
});
