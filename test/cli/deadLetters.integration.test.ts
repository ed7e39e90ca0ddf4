// `dewey dead-letters` as its users run it; it needs no database.
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import { DeadLetters } from "../../src/services/DeadLetters.ts";
import { description, frameOf } from "../services/journal/entries.ts";
import { runDewey, temporaryFolder } from "./program.ts";

/** Each runs the program several times. */
const patience = 30_000;

const outcome = async (dataDir: string, ...args: ReadonlyArray<string>) => {
  await using program = runDewey(["dead-letters", ...args], { DEWEY_DATA_DIR: dataDir });
  const code = await program.exited;
  return { code, out: program.out.text, err: program.err.text };
};

const put = async (dataDir: string, count: number): Promise<ReadonlyArray<string>> => {
  const refused = Array.from({ length: count }, (_, index) => ({
    entry: frameOf(Bun.randomUUIDv7(), `content ${index}`),
    description,
    reason: `Reason ${index}\nwith a line\u001b[31m of its own`,
  }));
  await Effect.runPromise(
    Effect.flatMap(DeadLetters, (dead) => dead.put(refused)).pipe(
      Effect.provide(DeadLetters.layer({ dataDir })),
    ),
  );
  return refused.map(({ entry }) => entry.id);
};

describe("dewey dead-letters", () => {
  for (const command of ["list", "replay", "drop"]) {
    test(
      `${command} --help says what it does`,
      async () => {
        const { code, err, out } = await outcome("/nowhere", command, "--help");
        expect({ code, err }).toEqual({ code: 0, err: "" });
        expect(out).toContain(`dewey dead-letters ${command}`);
      },
      patience,
    );
  }

  test(
    "list shows each on a line, and never its content",
    async () => {
      await using folder = await temporaryFolder();
      expect(await outcome(folder.path, "list")).toEqual({
        code: 0,
        out: "There are no dead letters.",
        err: "",
      });
      const ids = await put(folder.path, 3);
      const { code, out } = await outcome(folder.path, "list");
      expect(code).toBe(0);
      const [head, ...rows] = out.split("\n");
      expect(head).toMatch(/^ID +CAPTURED +UPSTREAM +DIRECTION +BYTES +REASON$/);
      expect(rows.length).toBe(3);
      for (const [index, row] of rows.entries()) {
        expect(row).toMatch(
          new RegExp(
            `^${ids[index]} +\\d{4}-\\d\\d-\\d\\dT\\S+Z +files +to_upstream +9 +Reason ${index} with a line \\[31m of its own$`,
          ),
        );
      }
      expect(out).not.toContain("content");
    },
    patience,
  );

  test(
    "replay puts back those that were named, and all others with --all",
    async () => {
      await using folder = await temporaryFolder();
      const [first = "", ...others] = await put(folder.path, 4);
      const one = await outcome(folder.path, "replay", first);
      expect(one).toMatchObject({ code: 0, err: "" });
      expect(one.out).toStartWith("Put back 1 dead letter. ");
      const again = await outcome(folder.path, "replay", first, others[0] ?? "");
      expect(again.code).toBe(1);
      expect(again.out).toStartWith("Put back 1 dead letter. ");
      expect(again.err).toContain("1 of the 2 ids that were given are of no dead letter.");
      const all = await outcome(folder.path, "replay", "--all");
      expect(all).toMatchObject({ code: 0, err: "" });
      expect(all.out).toStartWith("Put back 2 dead letters. ");
      expect((await outcome(folder.path, "list")).out).toBe("There are no dead letters.");
      const parts = (await fs.readdir(join(folder.path, "journal"))).filter((name) =>
        name.endsWith(".replay"),
      );
      expect(parts.length).toBe(3);
    },
    patience,
  );

  test(
    "drop forgets them",
    async () => {
      await using folder = await temporaryFolder();
      const [first = ""] = await put(folder.path, 3);
      expect(await outcome(folder.path, "drop", first)).toEqual({
        code: 0,
        out: "Dropped 1 dead letter.",
        err: "",
      });
      expect((await outcome(folder.path, "drop", "--all")).out).toBe("Dropped 2 dead letters.");
      expect((await outcome(folder.path, "list")).out).toBe("There are no dead letters.");
    },
    patience,
  );

  for (const args of [["replay"], ["drop"], ["drop", "--all", "an-id"]]) {
    test(
      `\`${args.join(" ")}\` does not say which, and does nothing`,
      async () => {
        await using folder = await temporaryFolder();
        await put(folder.path, 1);
        const { code, err, out } = await outcome(folder.path, ...args);
        expect({ code, out }).toEqual({ code: 1, out: "" });
        expect(err).toContain("Name dead letters by their ids");
        expect((await outcome(folder.path, "list")).out).toContain("Reason 0");
      },
      patience,
    );
  }
});
