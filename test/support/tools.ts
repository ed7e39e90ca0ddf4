// The tools over a database of one's own: a fresh copy of a migrated template on the run's server,
// called as the doors call them, with input that nobody has checked.
import { PgConnection } from "@effect/sql-pg";
import { Cause, Context, Effect, Exit, Layer, Logger, ManagedRuntime, Redacted } from "effect";
import { MessageWriter } from "../../src/actors/MessageWriter.ts";
import { type ErrorBody, errorBody } from "../../src/domain/ErrorBody.ts";
import type { DeweyError } from "../../src/domain/Errors.ts";
import { anonymous, CurrentPrincipal, type Principal } from "../../src/domain/Principal.ts";
import { ToolBox, type ToolName, type ToolSuccess } from "../../src/rpc/DeweyTools.ts";
import { ToolBoxLive } from "../../src/rpc/handlers.ts";
import { Changes } from "../../src/services/Changes.ts";
import { Conversations } from "../../src/services/Conversations.ts";
import { Search } from "../../src/services/Search.ts";
import { SharedContext } from "../../src/services/SharedContext.ts";
import { StartupContexts } from "../../src/services/StartupContexts.ts";
import { ToolCalls } from "../../src/services/ToolCalls.ts";
import { Database } from "../../src/sql/Database.ts";
import { migrate } from "../../src/sql/Migrator.ts";
import type { PoolLimits, ServerAddress } from "../../src/sql/server.ts";
import { partition } from "./partitions.ts";
import { isPartitioned, testCluster } from "./testCluster.ts";

/** What may differ from the defaults of a process. */
export interface ToolsOptions {
  readonly limits?: Partial<PoolLimits>;
  readonly trashDays?: number;
}

/** Somebody who calls tools. */
export interface Caller {
  readonly effect: <Name extends ToolName>(
    name: Name,
    input: unknown,
  ) => Effect.Effect<ToolSuccess<Name>, DeweyError>;
  /** The answer of a call that must succeed. */
  readonly call: <Name extends ToolName>(name: Name, input: unknown) => Promise<ToolSuccess<Name>>;
  /** The answer of a call, or the code of the error with which it was refused. */
  readonly attempt: <Name extends ToolName>(
    name: Name,
    input: unknown,
  ) => Promise<ToolSuccess<Name> | ErrorBody["code"]>;
  /** The error of a call that must fail, as doors show it. */
  readonly refusal: (name: ToolName, input: unknown) => Promise<ErrorBody>;
}

/** One process of Dewey, without its doors. */
export interface Process extends Caller {
  /** The same tools for another caller: by default `anonymous` of another space. */
  readonly as: (principal: Partial<Principal>) => Caller;
  readonly database: Database["Service"];
  readonly changes: Changes["Service"];
  /** Runs work that has the pool, such as what goes on behind the doors. */
  readonly run: <A, E>(work: Effect.Effect<A, E, Database>) => Promise<A>;
  /** Every line that was logged, with its annotations. */
  readonly logs: ReadonlyArray<string>;
  readonly close: () => Promise<void>;
}

type Row = Readonly<Record<string, unknown>>;

/** A migrated database, and what looks at it past the tools. */
export interface TestDatabase {
  readonly address: ServerAddress & { readonly database: string };
  /** Runs one statement on a session of its own. */
  readonly rows: (
    statement: string,
    parameters?: ReadonlyArray<unknown>,
  ) => Promise<ReadonlyArray<Row>>;
  /** Holds what the statements lock, from another session, while `work` runs or until it lets go. */
  readonly whileHeld: <A>(
    statements: ReadonlyArray<string>,
    work: (letGo: () => Promise<void>) => Promise<A>,
  ) => Promise<A>;
  /** Waits until so many sessions of the database wait for a lock; says which. */
  readonly untilWaiting: (sessions: number) => Promise<ReadonlyArray<number>>;
  /** Waits until the sessions of closed processes have ended: what they did is counted in the statistics by then. */
  readonly untilAlone: () => Promise<void>;
  /** A digest of every row of every table: the same before and after whatever changed nothing. */
  readonly fingerprint: () => Promise<unknown>;
  readonly drop: () => Promise<void>;
}

const limits: PoolLimits = {
  minConnections: 1,
  maxConnections: 10,
  acquireTimeoutMs: 5000,
  queryTimeoutMs: 30_000,
};

const tables = [
  "conversations",
  "messages",
  "frames",
  "tool_calls",
  "startup_contexts",
  "shared_context",
  "context_history",
];

const digest = tables
  .map(
    (table) =>
      `SELECT '${table}' AS name, count(*) AS rows, md5(string_agg(t::text, '|' ORDER BY t::text)) AS md5 FROM ${table} t`,
  )
  .join(" UNION ALL ");

const addressOf = async (database: string) => {
  const { host, port, user, password } = await testCluster();
  return {
    host,
    port,
    database,
    username: user,
    ...(password === undefined ? {} : { password: Redacted.make(password) }),
    tls: false,
  } as const;
};

const quiet = Logger.layer([]);

/** Brings a database up to date. */
export const migrateAt = (address: ServerAddress): Promise<number> =>
  migrate().pipe(
    Effect.provide(
      Database.layer(address, { ...limits, minConnections: 0 }).pipe(Layer.provideMerge(quiet)),
    ),
    Effect.runPromise,
  );

/** A session of one's own on a database. */
const sessionAt = ({ tls, ...reach }: ServerAddress) => PgConnection.make({ ...reach, ssl: tls });

const migrated = async (name: string) => {
  const address = await addressOf(name);
  await migrateAt(address);
  if (isPartitioned) {
    await Effect.runPromise(Effect.scoped(Effect.flatMap(sessionAt(address), partition)));
  }
  return name;
};

let template: Promise<string> | undefined;

const copyOfTemplate = async (): Promise<string> => {
  const cluster = await testCluster();
  template ??= cluster.createDatabase().then(migrated);
  return cluster.createDatabase(await template);
};

/** Creates a migrated database; `name` is that of an empty one to migrate instead. */
export const openDatabase = async (name?: string): Promise<TestDatabase> => {
  const cluster = await testCluster();
  const database = name === undefined ? await copyOfTemplate() : await migrated(name);
  const address = await addressOf(database);
  const session = sessionAt(address);
  const rows = (statement: string, parameters: ReadonlyArray<unknown> = []) =>
    session.pipe(
      Effect.flatMap((connection) => connection.query(statement, parameters)),
      Effect.map((result) => result.rows),
      Effect.scoped,
      Effect.runPromise,
    );
  const whileHeld: TestDatabase["whileHeld"] = (statements, work) =>
    Effect.gen(function* () {
      const holder = yield* session;
      yield* holder.query("BEGIN");
      for (const statement of statements) yield* holder.query(statement);
      const context = yield* Effect.context();
      const letGo = Effect.asVoid(holder.query("ROLLBACK"));
      const result = yield* Effect.promise(() => work(() => Effect.runPromiseWith(context)(letGo)));
      yield* letGo;
      return result;
    }).pipe(Effect.scoped, Effect.runPromise);
  const untilWaiting = async (sessions: number) => {
    while (true) {
      const waiting = await rows(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (waiting.length >= sessions) return waiting.map(({ pid }) => Number(pid));
    }
  };
  const untilAlone = async () => {
    const others = () =>
      rows(
        `SELECT 1 FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
    while ((await others()).length > 0);
  };
  return {
    address,
    rows,
    whileHeld,
    untilWaiting,
    untilAlone,
    fingerprint: () => rows(digest),
    drop: () => cluster.dropDatabase(database),
  };
};

const dewey = (address: ServerAddress, options: ToolsOptions) => {
  const services = Layer.mergeAll(
    Conversations.layer({ trashDays: options.trashDays ?? 30 }),
    Search.layer,
    StartupContexts.layer,
    SharedContext.layer,
    ToolCalls.layer,
  );
  return ToolBoxLive.pipe(
    Layer.provide(services),
    Layer.provideMerge(MessageWriter.layer),
    Layer.provideMerge(Changes.layer),
    Layer.provideMerge(Database.layer(address, { ...limits, ...options.limits })),
  );
};

/** Starts what a process of Dewey is behind its doors. Close it. */
export const openProcess = async (
  address: ServerAddress,
  options: ToolsOptions = {},
): Promise<Process> => {
  const logs: Array<string> = [];
  const log = Logger.map(Logger.formatJson, (line) => void logs.push(line));
  const runtime = ManagedRuntime.make(
    dewey(address, options).pipe(Layer.provideMerge(Logger.layer([log]))),
  );
  const context = await runtime.context();
  const tools = Context.get(context, ToolBox);
  const run = Effect.runPromiseWith(context);
  const runExit = Effect.runPromiseExitWith(context);
  const callerFor = (principal: Principal): Caller => {
    const effect: Caller["effect"] = (name, input) =>
      Effect.provideService(tools.call(name, input), CurrentPrincipal, principal);
    return {
      effect,
      call: (name, input) => run(effect(name, input)),
      attempt: (name, input) =>
        run(Effect.catch(effect(name, input), ({ code }) => Effect.succeed(code))),
      refusal: async (name, input) => {
        const exit = await runExit(effect(name, input));
        if (Exit.isSuccess(exit)) {
          throw new Error(`${name} was not refused: ${JSON.stringify(exit.value).slice(0, 500)}`);
        }
        const [failure] = exit.cause.reasons;
        if (failure === undefined || !Cause.isFailReason(failure)) {
          throw new Error(
            `${name} ended without an error of the contract: ${Cause.pretty(exit.cause)}`,
          );
        }
        return errorBody(failure.error);
      },
    };
  };
  return {
    ...callerFor(anonymous),
    as: (principal) => callerFor({ ...anonymous, ...principal }),
    database: Context.get(context, Database),
    changes: Context.get(context, Changes),
    run,
    logs,
    close: () => runtime.dispose(),
  };
};

/** A process over a database of its own; closing it drops the database. */
export const openTools = async (
  options: ToolsOptions = {},
): Promise<Process & { readonly db: TestDatabase }> => {
  const db = await openDatabase();
  const opened = await openProcess(db.address, options);
  return {
    ...opened,
    db,
    close: async () => {
      await opened.close();
      await db.drop();
    },
  };
};
