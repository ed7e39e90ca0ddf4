// Dewey on the stock image of Postgres: the schema and a turn through every kind of tool.
import { expect } from "bun:test";
import { GenericContainer, Wait } from "testcontainers";
import { connect } from "../cli/caller.ts";
import { runDewey } from "../cli/program.ts";
import { skipUnless } from "../support/it.ts";
import { engine, noEngine } from "./engine.ts";

skipUnless(engine !== undefined, noEngine)(
  "works on postgres:17",
  async () => {
    await using server = await new GenericContainer("postgres:17")
      .withEnvironment({
        POSTGRES_USER: "dewey",
        POSTGRES_PASSWORD: "secret",
        POSTGRES_DB: "notes",
      })
      .withExposedPorts(5432)
      // Once for the server that initialises, once for the one that stays.
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
      .withStartupTimeout(120_000)
      .start();
    const url = `postgres://dewey:secret@${server.getHost()}:${server.getMappedPort(5432)}/notes`;
    await using program = runDewey(["start"], {
      DEWEY_DATABASE_URL: url,
      DEWEY_DB_SSL: "disable",
    });
    using caller = await connect(await program.serving());

    const begun = await caller.call("dewey_begin_conversation", {});
    if (typeof begun === "string") throw new Error(begun);
    const { conversation_id } = begun;
    const stored = await caller.call("dewey_store_message", {
      conversation_id,
      role: "user",
      content: "The pool's size is set in src/sql/Pool.ts.",
    });
    expect(stored).toMatchObject({ turn_number: 1 });
    const found = await caller.call("dewey_search", {
      query: "Where is the size of the pool set?",
    });
    expect(found).toMatchObject({ results: [{ conversation_id, turn: 1 }] });

    await caller.call("dewey_set_startup_context", { name: "start", content: "Read the plan." });
    expect(await caller.call("dewey_get_startup_context", {})).toMatchObject({
      content: "Read the plan.",
    });
    await caller.call("write_context", { key: "plan", content: "one" });
    await caller.call("write_context", { key: "plan", content: "two" });
    expect(await caller.call("context_history", { key: "plan" })).toMatchObject({ total: 2 });
    expect(await caller.call("dewey_list_tool_calls", {})).toMatchObject({ total: 0 });

    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
  },
  170_000,
);
