// Everything killed at once while messages are stored: what was acknowledged is there afterwards, in order, without gaps.
import { expect, test } from "bun:test";
import { Schema } from "effect";
import { until } from "../sql/embedded/sandbox.ts";
import { type Caller, connect } from "./caller.ts";
import { runDewey, temporaryFolder } from "./program.ts";

const Stored = Schema.Struct({ turn_number: Schema.Int });
const Begun = Schema.Struct({ conversation_id: Schema.String });
const Page = Schema.Struct({
  message_count: Schema.Int,
  messages: Schema.Array(
    Schema.Struct({ id: Schema.String, turn: Schema.Int, content: Schema.String }),
  ),
  next_after_turn: Schema.optional(Schema.NullOr(Schema.Int)),
});
const decodeStored = Schema.decodeUnknownOption(Stored);
const decodeBegun = Schema.decodeUnknownSync(Begun);
const decodePage = Schema.decodeUnknownSync(Page);

/** The processes on a data folder: whoever serves, who keeps the database, and the database itself. */
const processesOn = async (dataDir: string): Promise<ReadonlyArray<number>> => {
  const list = (await Bun.$`ps -axww -o pid=,ppid=,stat=,args=`.text()).split("\n");
  const rows = list
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)?.slice(1))
    .flatMap(([pid, parent, state, args] = []) =>
      args === undefined || state?.startsWith("Z") ? [] : [{ pid, parent, args }],
    );
  const roots = rows.filter(({ args }) => args.includes(dataDir));
  const isBelow = ({ parent }: { parent: string | undefined }) =>
    roots.some(({ pid }) => pid === parent);
  return [...new Set([...roots, ...rows.filter(isBelow)])].map(({ pid }) => Number(pid));
};

const allMessages = async (caller: Caller, conversation_id: string) => {
  const found: Array<(typeof Page.Type)["messages"][number]> = [];
  let after_turn = 0;
  while (true) {
    const input = { conversation_id, limit: 1000, after_turn };
    const page = decodePage(await caller.call("dewey_get_conversation", input));
    found.push(...page.messages);
    if (page.next_after_turn === null || page.next_after_turn === undefined)
      return { found, count: page.message_count };
    after_turn = page.next_after_turn;
  }
};

test("kill -9 of all processes under load loses no acknowledged message", async () => {
  await using folder = await temporaryFolder();
  const dataDir = `${folder.path}/data`;
  const environment = { DEWEY_DATA_DIR: dataDir };
  const acknowledged = new Map<string, { conversation: string; turn: number; content: string }>();
  let conversations: ReadonlyArray<string> = [];
  {
    await using program = runDewey(["start"], environment);
    const at = await program.serving();
    const callers = await Promise.all(Array.from({ length: 8 }, () => connect(at)));
    const [first] = callers;
    if (first === undefined) throw new Error("There are eight callers.");
    conversations = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const begun = decodeBegun(await first.call("dewey_begin_conversation", {}));
        return begun.conversation_id;
      }),
    );
    const store = async (caller: Caller, index: number): Promise<void> => {
      for (let round = 0; ; round++) {
        const conversation = conversations[(index + round) % conversations.length] ?? "";
        const message_id = crypto.randomUUID();
        const content = `caller ${index}, round ${round}`;
        const answer = await caller.call("dewey_store_message", {
          conversation_id: conversation,
          message_id,
          role: "user",
          content,
        });
        const stored = decodeStored(answer);
        if (stored._tag === "None") return;
        acknowledged.set(message_id, { conversation, turn: stored.value.turn_number, content });
      }
    };
    const load = Promise.all(callers.map(store));
    await until("there is some load", async () => acknowledged.size >= 300);
    for (const pid of [program.pid, ...(await processesOn(dataDir))]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It fell with its parent.
      }
    }
    await load;
  }
  await until("all processes are gone", async () => (await processesOn(dataDir)).length === 0);

  await using program = runDewey(["start"], environment);
  using caller = await connect(await program.serving());
  const kept = new Map<string, { conversation: string; turn: number; content: string }>();
  for (const conversation of conversations) {
    const { count, found } = await allMessages(caller, conversation);
    expect(found.map(({ turn }) => turn)).toEqual(found.map((_, index) => index + 1));
    expect(count).toBe(found.length);
    for (const { content, id, turn } of found) kept.set(id, { conversation, turn, content });
  }
  const lost = [...acknowledged].filter(([id, message]) => !Bun.deepEquals(kept.get(id), message));
  expect(lost).toEqual([]);
  expect(kept.size).toBeGreaterThanOrEqual(acknowledged.size);
  // And what was not acknowledged is at most what each caller had in flight.
  expect(kept.size - acknowledged.size).toBeLessThanOrEqual(8);

  program.kill("SIGTERM");
  expect(await program.exited).toBe(0);
  await until("the database has stopped", async () => (await processesOn(dataDir)).length === 0);
}, 90_000);
