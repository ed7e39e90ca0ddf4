/** The servers that the proxy stands in front of: those of the upstreams file, read again when it changes, and Dewey. */
import { Context, Deferred, type Duration, Effect, Equal, Layer } from "effect";
import { UnknownUpstream, type Upstream } from "../domain/Upstream.ts";
import { onFileChange } from "./fileChanges.ts";
import type { EntryContext } from "./upstreams/entries.ts";
import { type UpstreamState, UpstreamStates } from "./upstreams/UpstreamStates.ts";
import { deweyName, readUpstreamsFile, type UpstreamsFile } from "./upstreams/upstreamsFile.ts";

/** Where the upstreams are named. */
export interface UpstreamsOptions extends EntryContext {
  readonly path: string;
  /** Whether somebody named the file: then it is missed where it is not there. */
  readonly isNamed: boolean;
  readonly every?: Duration.Input;
}

/** What became of a definition. */
export type Replaced = "changed" | "removed";

interface Definition {
  readonly upstream: Upstream;
  readonly watchers: Set<(what: Replaced) => void>;
}

const define = (upstream: Upstream): Definition => ({ upstream, watchers: new Set() });

const dewey: Upstream = { _tag: "Dewey", name: deweyName, onRestart: "resume" };

/** Upstreams by name, and how they are. */
export class Upstreams extends Context.Service<
  Upstreams,
  {
    /** Without a name: the one marked as default, else Dewey itself. */
    readonly find: (name: string | undefined) => Effect.Effect<Upstream, UnknownUpstream>;
    readonly all: Effect.Effect<ReadonlyArray<Upstream>>;
    /** Tells once when the definition is not the current one of its name any more; what it returns takes the wish back. */
    readonly watch: (upstream: Upstream, told: (what: Replaced) => void) => () => void;
    /** Where sessions and checks say what they found. */
    readonly states: UpstreamStates;
    /** Every upstream's state by its name, entries that cannot be used among them. */
    readonly report: Effect.Effect<Readonly<Record<string, UpstreamState>>>;
  }
>()("dewey/services/Upstreams") {
  /** These alone, which never change, and Dewey itself. */
  static layerOf(upstreams: ReadonlyArray<Upstream>) {
    return Layer.sync(Upstreams, () => {
      const table = new Table();
      table.replace({
        upstreams: new Map(upstreams.map((upstream) => [upstream.name, upstream])),
        unusable: new Map(),
        default: undefined,
        warnings: [],
      });
      return Upstreams.of(table.service);
    });
  }

  /** Those of the file, for as long as the layer lives. */
  static layer(options: UpstreamsOptions) {
    return Layer.effect(
      Upstreams,
      Effect.gen(function* () {
        const table = new Table();
        const { every = "1 second", isNamed, path } = options;
        let isMissing = false;
        const read = readUpstreamsFile(path, options).pipe(
          Effect.flatMap((file) => {
            isMissing = false;
            return tell(path, file, table.replace(file));
          }),
          Effect.catchTag("UpstreamsFileError", (error) => {
            // The file that may be there is missed only once it has been.
            const isExpected = error.isMissing && !isNamed && table.isEmpty;
            const isToldOf = error.isMissing && isMissing;
            isMissing = error.isMissing;
            if (isExpected || isToldOf) return Effect.void;
            const rest = table.isEmpty
              ? "It is looked at again when it changes."
              : "The upstreams from before stay.";
            return Effect.logWarning(`${error.message} ${rest}`);
          }),
        );
        const first = yield* Deferred.make<void>();
        yield* onFileChange(
          [path],
          every,
          Effect.andThen(read, Deferred.succeed(first, undefined)),
        ).pipe(Effect.forkScoped);
        yield* Deferred.await(first);
        return Upstreams.of(table.service);
      }),
    );
  }
}

interface Outcome {
  readonly changed: ReadonlyArray<string>;
  /** What is new about what cannot be used. */
  readonly complaints: ReadonlyArray<string>;
}

const tell = Effect.fnUntraced(function* (path: string, file: UpstreamsFile, outcome: Outcome) {
  for (const complaint of outcome.complaints) yield* Effect.logWarning(`In ${path}: ${complaint}`);
  if (outcome.changed.length > 0) {
    yield* Effect.logInfo(
      `Read ${file.upstreams.size} upstreams from ${path}; new or changed: ${outcome.changed.join(", ")}.`,
    );
  }
});

/** The definitions of now. One that did not change stays the same object. */
class Table {
  readonly #states = new UpstreamStates();
  #definitions: ReadonlyMap<string, Definition> = new Map([[deweyName, define(dewey)]]);
  #unusable: ReadonlyMap<string, string> = new Map();
  #complaints: ReadonlySet<string> = new Set();
  #default: string | undefined;
  /** When the file was read that is in force. */
  #readAt = "";

  readonly service: Upstreams["Service"] = {
    find: (name) => Effect.suspend(() => this.#find(name)),
    all: Effect.sync(() => Array.from(this.#definitions.values(), ({ upstream }) => upstream)),
    watch: (upstream, told) => {
      const now = this.#definitions.get(upstream.name);
      if (now === undefined || !Equal.equals(now.upstream, upstream)) {
        let isWanted = true;
        queueMicrotask(() => {
          if (isWanted) told(now === undefined ? "removed" : "changed");
        });
        return () => {
          isWanted = false;
        };
      }
      // Each wish is one of its own, also of somebody who wishes twice.
      const watcher = (what: Replaced) => told(what);
      now.watchers.add(watcher);
      return () => now.watchers.delete(watcher);
    },
    states: this.#states,
    report: Effect.sync(() => this.#report()),
  };

  get isEmpty(): boolean {
    return this.#definitions.size === 1;
  }

  replace(file: UpstreamsFile): Outcome {
    const before = this.#definitions;
    const definitions = new Map([[deweyName, before.get(deweyName) ?? define(dewey)]]);
    const changed: Array<string> = [];
    for (const [name, upstream] of file.upstreams) {
      const old = before.get(name);
      if (old !== undefined && Equal.equals(old.upstream, upstream)) {
        definitions.set(name, old);
      } else {
        definitions.set(name, define(upstream));
        this.#states.redefined(name);
        changed.push(name);
      }
    }
    // What cannot be used any more stays as it was: a slip of the hand cuts nobody off.
    for (const name of file.unusable.keys()) {
      const old = before.get(name);
      if (old !== undefined) definitions.set(name, old);
    }
    this.#definitions = definitions;
    this.#unusable = file.unusable;
    this.#readAt = new Date().toISOString();
    this.#default = file.default;
    for (const [name, { upstream, watchers }] of before) {
      const now = definitions.get(name);
      if (now?.upstream === upstream) continue;
      const what: Replaced = now === undefined ? "removed" : "changed";
      for (const watcher of watchers) watcher(what);
    }
    const all = [...file.warnings, ...file.unusable.values()];
    const complaints = all.filter((complaint) => !this.#complaints.has(complaint));
    this.#complaints = new Set(all);
    return { changed, complaints };
  }

  #find(asked: string | undefined): Effect.Effect<Upstream, UnknownUpstream> {
    const name = asked ?? this.#default ?? deweyName;
    const definition = this.#definitions.get(name);
    if (definition !== undefined) return Effect.succeed(definition.upstream);
    const why =
      this.#unusable.get(name) ??
      `There is no upstream ${JSON.stringify(name.slice(0, 128))}. Name one of: ${[...this.#definitions.keys()].join(", ")}.`;
    return new UnknownUpstream({ name, message: why });
  }

  #report(): Readonly<Record<string, UpstreamState>> {
    const report = new Map<string, UpstreamState>();
    for (const name of this.#definitions.keys()) report.set(name, this.#states.stateOf(name));
    for (const [name, message] of this.#unusable) {
      const known = this.#states.stateOf(name);
      const last_failure = { at: this.#readAt, message };
      // One that could be used before goes on as it was.
      if (this.#definitions.has(name)) report.set(name, { ...known, last_failure });
      else report.set(name, { ...known, state: "unusable", since: this.#readAt, last_failure });
    }
    return Object.fromEntries(report);
  }
}
