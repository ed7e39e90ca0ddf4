// Exactly once, in order and never lost: deaths between commit and release, connections that are cut, what another
// process left, and what the database refuses.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import type { Journal } from "../../src/services/Journal.ts";
import { JournalError } from "../../src/services/journal/JournalSource.ts";
import { lockPath } from "../../src/services/journal/partNames.ts";
import { holds } from "../support/property.ts";
import {
  beginning,
  call,
  dataFolder,
  makeTraffic,
  openRecording,
  type RecordingProcess,
  recordedIn,
  said,
  shakeHands,
} from "../support/recording.ts";
import { openDatabase } from "../support/tools.ts";

const db = await openDatabase();
const { callsOf, contents, count, expectAllFrames, framesOf, messagesOf, withProcess } =
  recordedIn(db);
const folder = await dataFolder();
const shared = await openRecording(db.address, folder.path);
afterAll(async () => {
  await shared.close();
  await db.drop();
  await folder[Symbol.asyncDispose]();
});

const traffic = () => makeTraffic(shared.journal.append);

test("what a process left that died without a journal is brought to an end", () =>
  // It lives, and gives no sign, which for the others is the same.
  withProcess(
    async ({ journal, drained }) => {
      const [called, opening] = [makeTraffic(journal.append), makeTraffic(journal.append)];
      called.toUpstream(call(1, "never answered"));
      shakeHands(opening);
      await drained();
      const alive = makeTraffic(shared.journal.append);
      alive.toUpstream(call(1, "not answered yet"));
      await shared.drained();
      // Each look of another brings a sign of this one, however fast they follow each other.
      await db.rows(`
        CREATE FUNCTION sign() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          UPDATE journals SET updated_at = clock_timestamp() WHERE id = '${shared.journal.own.id}';
          RETURN NULL;
        END $$`);
      await db.rows(`
        CREATE TRIGGER signs AFTER UPDATE ON journals FOR EACH STATEMENT
        WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION sign()`);
      await withProcess(
        async () => {
          while ((await callsOf(called.id)).length === 0);
          while ((await count("streams WHERE id", opening.id)) > 0);
        },
        { lookEvery: "20 millis" },
      );
      await db.rows("DROP TRIGGER signs ON journals");
      expect(await callsOf(alive.id)).toEqual([]);
      expect(await callsOf(called.id)).toMatchObject([{ tool: "never answered", status: "lost" }]);
      expect(await contents(called.id)).toEqual(["never answered"]);
    },
    { lookEvery: "1 hour" },
  ));

test("a process that ends by itself leaves no position, and nothing that waits", async () => {
  const { called, journal } = await withProcess(async (process) => {
    const session = makeTraffic(process.journal.append);
    session.toUpstream(call(1, "never answered"));
    await process.drained();
    expect(await count("journals WHERE id", process.journal.own.id)).toBeGreaterThan(0);
    return { called: session.id, journal: process.journal.own.id };
  });
  expect(await count("journals WHERE id", journal)).toBe(0);
  expect(await callsOf(called)).toMatchObject([{ tool: "never answered", status: "lost" }]);
});

test("of a process that died with nothing in its journal no position is left", async () => {
  await using data = await dataFolder();
  const id = Bun.randomUUIDv7();
  const locks = join(data.path, "journal");
  await mkdir(locks, { mode: 0o700 });
  await writeFile(lockPath(locks, id), "", { mode: 0o600 });
  await db.rows("INSERT INTO journals (id, lane, recorded_through) VALUES ($1::text::uuid, 0, 7)", [
    id,
  ]);
  await withProcess(
    async () => {
      while ((await count("journals WHERE id", id)) > 0) await Bun.sleep(10);
    },
    { dataDir: data.path, lookEvery: "20 millis" },
  );
});

/** A journal whose releases are lost, as when the process dies before each of them. */
const forgetful =
  (isForgetting: () => boolean) =>
  (journal: Journal["Service"]): Journal["Service"] => ({
    ...journal,
    own: {
      ...journal.own,
      release: (through) =>
        Effect.suspend(() =>
          isForgetting()
            ? Effect.fail(new JournalError({ message: "It dies here." }))
            : journal.own.release(through),
        ),
    },
  });

describe("exactly once", () => {
  test("when it dies between the commit and the release", async () => {
    let deaths = 6;
    await withProcess(
      async ({ journal, drained }) => {
        const sessions = Array.from({ length: 9 }, () => makeTraffic(journal.append));
        for (let id = 0; id < 30; id++) {
          for (const session of sessions) {
            session.toUpstream(call(id, "echo"));
            session.toClient(said(id, "echo"));
          }
          await journal.flush.pipe(Effect.runPromise);
        }
        await drained();
        expect(deaths).toBeLessThan(0);
        for (const session of sessions) {
          await expectAllFrames(session.id, session);
          expect((await messagesOf(session.id)).length).toBe(60);
          expect((await callsOf(session.id)).length).toBe(30);
        }
      },
      { journal: forgetful(() => deaths-- > 0) },
    );
  });

  test(
    "when two recorders have the same journal",
    () =>
      withProcess(async ({ journal, drained, deadLetters, run }) => {
        const other = await openRecording(db.address, folder.path, { journal: () => journal });
        try {
          const sessions = Array.from({ length: 8 }, () => makeTraffic(journal.append));
          for (let id = 0; id < 40; id++) {
            for (const session of sessions) {
              session.toUpstream(call(id, "echo"));
              session.toClient(said(id, "echo"));
            }
            await journal.flush.pipe(Effect.runPromise);
          }
          // Whoever comes last knows of it.
          await Promise.race([drained(), other.drained()]);
          for (const session of sessions) {
            await expectAllFrames(session.id, session);
            expect((await callsOf(session.id)).length).toBe(40);
          }
          expect(await run(deadLetters.count)).toBe(0);
          expect(await other.run(other.deadLetters.count)).toBe(0);
        } finally {
          await other.close();
        }
      }),
    20_000,
  );

  test(
    "when its connections are cut in the middle of transactions",
    () =>
      withProcess(async ({ journal, drained }) => {
        const sessions = Array.from({ length: 16 }, () => makeTraffic(journal.append));
        const cutting = (async () => {
          for (let cut = 0; cut < 12; cut++) {
            await db.rows(
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'INSERT INTO%'`,
            );
            await Bun.sleep(10);
          }
        })();
        for (let id = 0; id < 200; id++) {
          for (const session of sessions) {
            session.toUpstream(call(id, "echo"));
            session.toClient(said(id, "echo"));
          }
          if (id % 10 === 0) await journal.flush.pipe(Effect.runPromise);
        }
        await cutting;
        await drained();
        for (const session of sessions) {
          await expectAllFrames(session.id, session);
          expect((await callsOf(session.id)).length).toBe(200);
        }
      }),
    30_000,
  );

  test("by the next process, when the one before left a journal", async () => {
    await using data = await dataFolder();
    const held = traffic();
    held.toUpstream(call(1, "echo"));
    await shared.drained();
    // The conversations of both lanes are held, so that nothing can be committed before the end.
    const sessions = await db.whileHeld(
      ["LOCK TABLE conversations IN EXCLUSIVE MODE"],
      async () => {
        const first = await openRecording(db.address, data.path);
        const all = Array.from({ length: 8 }, () => makeTraffic(first.journal.append));
        for (const session of all) {
          shakeHands(session);
          session.toUpstream(call(1, "echo"));
          session.toClient(said(1, "echo"));
          session.toUpstream(call(2, "never answered"));
        }
        await first.journal.flush.pipe(Effect.runPromise);
        const closing = first.close();
        await closing;
        return all;
      },
    );
    await withProcess(
      async () => {
        const ids = sessions.map(({ id }) => id).join(",");
        while (
          Number(
            (
              await db.rows(
                "SELECT count(*)::int AS n FROM tool_calls WHERE conversation_id = ANY(string_to_array($1, ',')::uuid[])",
                [ids],
              )
            )[0]?.["n"],
          ) < 16
        ) {
          await Bun.sleep(20);
        }
      },
      { dataDir: data.path },
    );
    for (const session of sessions) {
      await expectAllFrames(session.id, session);
      expect(await callsOf(session.id)).toMatchObject([
        { tool: "echo", status: "success" },
        { tool: "never answered", status: "lost", duration_ms: null },
      ]);
    }
  }, 30_000);
});

describe("what the database refuses", () => {
  const refusing = async (work: (process: RecordingProcess) => Promise<void>) => {
    await db.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF position('poison'::bytea IN NEW.payload) > 0 THEN RAISE EXCEPTION 'no poison here'; END IF;
      RETURN NEW; END $$`);
    await db.rows(
      "CREATE TRIGGER refuse BEFORE INSERT ON frames FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    try {
      await withProcess(work);
    } finally {
      await db.rows("DROP FUNCTION IF EXISTS refuse CASCADE");
    }
  };

  test(
    "is a dead letter, and everything else is recorded in its order",
    () =>
      refusing(async ({ journal, drained, deadLetters, run, logs }) => {
        const sessions = Array.from({ length: 5 }, () => makeTraffic(journal.append));
        const bad: Array<string> = [];
        for (let id = 0; id < 60; id++) {
          for (const [index, session] of sessions.entries()) {
            const isBad = (id * 5 + index) % 97 === 41;
            const sent = session.toUpstream(call(id, isBad ? "poison" : "echo"));
            if (isBad) bad.push(sent);
            session.toClient(said(id, "echo"));
          }
        }
        await drained();
        const letters = await run(deadLetters.list(100));
        expect(letters).toHaveLength(bad.length);
        expect(new Set(letters.map(({ id }) => id))).toEqual(new Set(bad));
        expect(letters[0]?.reason).toContain("no poison here");
        expect(logs.some((line) => line.includes("dead letters now"))).toBe(true);
        for (const session of sessions) {
          const rest = session.entries.filter(({ id }) => !bad.includes(id));
          await expectAllFrames(session.id, { entries: rest });
        }
        // Once it is mended they are put back, however often that is asked for.
        await db.rows("DROP FUNCTION refuse CASCADE");
        const replayed = await run(deadLetters.replay("all"));
        expect(replayed).toBe(bad.length);
      }),
    20_000,
  );

  test("is put back by a replay, and is there once", async () => {
    await using data = await dataFolder();
    const session = await withProcess(
      async ({ journal, drained, deadLetters, run }) => {
        const own = makeTraffic(journal.append);
        own.toUpstream(call(1, "echo"));
        const answer = own.toClient(said(1, "echo"));
        await drained();
        // One that was recorded after all, and one that was not.
        const missing = Bun.randomUUIDv7();
        const entry = own.entries.find(({ id }) => id === answer);
        if (entry?._tag !== "Frame") throw new Error("there is no such frame");
        const [described] = own.entries;
        const description = described?._tag === "Stream" ? described.description : undefined;
        await run(
          deadLetters.put([
            { entry, description, reason: "a trial" },
            {
              entry: { ...entry, id: missing, payload: "not json" },
              description,
              reason: "a trial",
            },
          ]),
        );
        expect(await run(deadLetters.replay("all"))).toBe(2);
        return { own, missing };
      },
      { dataDir: data.path },
    );
    await withProcess(
      async () => {
        while ((await framesOf(session.own.id)).length < 3) await Bun.sleep(20);
      },
      { dataDir: data.path },
    );
    const frames = await framesOf(session.own.id);
    expect(frames.map(({ id }) => id)).toEqual([
      ...session.own.entries.flatMap((entry) => (entry._tag === "Frame" ? [entry.id] : [])),
      session.missing,
    ]);
    expect(await contents(session.own.id)).toEqual(["echo", "echo"]);
  });

  test("is a dead letter too where nobody knows its stream", () =>
    withProcess(async ({ journal, drained, deadLetters, run, logs }) => {
      const unknown = { stream: Bun.randomUUIDv7(), at: beginning };
      const id = Bun.randomUUIDv7();
      journal.append({
        ...unknown,
        _tag: "Frame",
        id,
        direction: "to_client",
        payload: "not json",
        redactions: 0,
      });
      const event = { event: "gap", frames: 3, bytes: 4, from: 0, to: 1 } as const;
      journal.append({ ...unknown, _tag: "Event", id: Bun.randomUUIDv7(), event });
      await drained();
      expect((await run(deadLetters.list(10))).map((letter) => letter.id)).toEqual([id]);
      expect(logs.some((line) => line.includes("3 frames (4 bytes) could not be kept"))).toBe(true);
    }));
});

test("whatever the order of many streams, each has all its frames once and in order", async () => {
  const steps = fc.array(fc.record({ stream: fc.nat(7), pause: fc.boolean() }), {
    minLength: 1,
    maxLength: 150,
  });
  await holds(
    fc.asyncProperty(steps, async (order) => {
      const sessions = Array.from({ length: 8 }, () => traffic());
      for (const [index, { stream, pause }] of order.entries()) {
        const session = sessions[stream];
        if (session === undefined) continue;
        if (index % 3 === 0) session.toClient(said(index, `answer ${index}`));
        else session.toUpstream(call(index, "echo", { index }));
        if (pause) await shared.journal.flush.pipe(Effect.runPromise);
      }
      await shared.drained();
      for (const session of sessions) {
        const sent = session.entries.filter(({ _tag }) => _tag === "Frame").length;
        await expectAllFrames(session.id, session);
        const turns = (await messagesOf(session.id)).map(({ turn }) => turn);
        expect(turns).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
      }
    }),
    8,
  );
}, 30_000);
