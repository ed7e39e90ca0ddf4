/** The file of dead letters: one a data folder, opened by several processes at once. */
import { Database } from "bun:sqlite";
import { Schema } from "effect";
import { makePrivateFile } from "./privateFiles.ts";

/** What is told of a dead letter. */
const Letter = Schema.Struct({
  id: Schema.String,
  at: Schema.Number,
  put_at: Schema.Number,
  upstream: Schema.NullOr(Schema.String),
  direction: Schema.Literals(["to_upstream", "to_client", "event", "stream"]),
  bytes: Schema.Int,
  reason: Schema.String,
});
export type Letter = typeof Letter.Type;

/** What is put back: the entry as a segment of its own, and the description of its stream as JSON. */
const LetterBody = Schema.Struct({
  position: Schema.Int,
  id: Schema.String,
  description: Schema.NullOr(Schema.String),
  body: Schema.Uint8Array,
});
export type LetterBody = typeof LetterBody.Type;

/** A letter as it is put: `conversation` is that which it was to be part of, null where none had begun. */
export interface NewLetter extends Letter, Omit<LetterBody, "position"> {
  readonly conversation: string | null;
}

/** Some by their ids, or all of them. */
export type Selection = ReadonlyArray<string> | "all";

const decodeLetters = Schema.decodeUnknownSync(Schema.Array(Letter));
const decodeBodies = Schema.decodeUnknownSync(Schema.Array(LetterBody));
const decodeCount = Schema.decodeUnknownSync(Schema.Struct({ count: Schema.Int }));
const decodeConversations = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ conversation: Schema.String })),
);
const decodeLast = Schema.decodeUnknownSync(Schema.Struct({ last: Schema.Int }));

/** How much is put back as one. */
const batch = { letters: 100, bytes: 4 * 1024 * 1024 };

const columns = "id, at, put_at, upstream, direction, bytes, reason";

/** Everything throws what SQLite throws, `SQLITE_BUSY` where another process is at it. */
export class LetterStore {
  readonly #database: Database;

  constructor(path: string) {
    makePrivateFile(path);
    this.#database = new Database(path, { readwrite: true, create: false });
    try {
      for (const pragma of [
        // To wait here would be to stop everything else in the process.
        "busy_timeout = 0",
        "synchronous = FULL",
        // What was dropped is not to be found in the file any more, and the file is not larger than what is in it.
        "secure_delete = ON",
        "auto_vacuum = FULL",
      ]) {
        this.#database.run(`PRAGMA ${pragma}`);
      }
      this.#database.run(
        `CREATE TABLE IF NOT EXISTS letters (
           position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL,
           put_at REAL NOT NULL, upstream TEXT, direction TEXT NOT NULL, bytes INTEGER NOT NULL,
           reason TEXT NOT NULL, description TEXT, body BLOB NOT NULL, conversation TEXT) STRICT`,
      );
      if (!this.#hasConversations()) this.#addConversations();
    } catch (cause) {
      this.#database.close();
      throw cause;
    }
  }

  put(letters: ReadonlyArray<NewLetter>): void {
    const insert = this.#database.query(
      `INSERT INTO letters (${columns}, description, body, conversation)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET reason = excluded.reason,
         conversation = coalesce(excluded.conversation, conversation)`,
    );
    this.#together(() => {
      for (const each of letters) {
        insert.run(
          each.id,
          each.at,
          each.put_at,
          each.upstream,
          each.direction,
          each.bytes,
          each.reason,
          each.description,
          each.body,
          each.conversation,
        );
      }
    });
  }

  list(most: number, after: string | undefined): ReadonlyArray<Letter> {
    return decodeLetters(
      this.#database
        .query(
          `SELECT ${columns} FROM letters
           WHERE position > coalesce((SELECT position FROM letters WHERE id = ?), 0)
           ORDER BY position LIMIT ?`,
        )
        .all(after ?? "", most),
    );
  }

  count(): number {
    return decodeCount(this.#database.query("SELECT count(*) AS count FROM letters").get()).count;
  }

  /** The position of the newest; 0 where there is none. */
  last(): number {
    return decodeLast(
      this.#database.query("SELECT coalesce(max(position), 0) AS last FROM letters").get(),
    ).last;
  }

  /** The first of those that were chosen between two positions, in order: a few megabytes, or one that is larger. */
  bodies(which: Selection, after: number, through: number): ReadonlyArray<LetterBody> {
    return decodeBodies(
      this.#database
        .query(
          `WITH some AS (
             SELECT position, length(body) AS size FROM letters
             WHERE position > ?1 AND position <= ?2
               AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
             ORDER BY position LIMIT ${batch.letters}),
           summed AS (SELECT position, sum(size) OVER (ORDER BY position) - size AS before FROM some)
           SELECT position, id, description, body FROM letters JOIN summed USING (position)
           WHERE before < ${batch.bytes} ORDER BY position`,
        )
        .all(after, through, which === "all" ? null : JSON.stringify(which)),
    );
  }

  /** Says how many there were. */
  remove(which: Selection): number {
    const query = this.#database.query(
      "DELETE FROM letters WHERE ?1 IS NULL OR id IN (SELECT value FROM json_each(?1))",
    );
    return query.run(which === "all" ? null : JSON.stringify(which)).changes;
  }

  /** The conversations that letters were to be part of. */
  conversations(): ReadonlyArray<string> {
    return decodeConversations(
      this.#database
        .query("SELECT DISTINCT conversation FROM letters WHERE conversation IS NOT NULL")
        .all(),
    ).map(({ conversation }) => conversation);
  }

  /** Removes those of conversations, and says how many there were. */
  removeOf(conversations: ReadonlyArray<string>): number {
    return this.#database
      .query("DELETE FROM letters WHERE conversation IN (SELECT value FROM json_each(?))")
      .run(JSON.stringify(conversations)).changes;
  }

  /** Removes some of those that were put here before a time, the oldest first. */
  purge(before: number, most: number): number {
    return this.#database
      .query(
        `DELETE FROM letters WHERE position IN
           (SELECT position FROM letters WHERE put_at < ? ORDER BY position LIMIT ?)`,
      )
      .run(before, most).changes;
  }

  close(): void {
    this.#database.close();
  }

  #hasConversations(): boolean {
    const found = this.#database.query(
      "SELECT count(*) AS count FROM pragma_table_info('letters') WHERE name = 'conversation'",
    );
    return decodeCount(found.get()).count > 0;
  }

  /** The file is of a version that did not keep them. */
  #addConversations(): void {
    this.#together(() => {
      if (this.#hasConversations()) return;
      this.#database.run("ALTER TABLE letters ADD COLUMN conversation TEXT");
    });
  }

  #together(work: () => void): void {
    this.#database.run("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.run("COMMIT");
    } catch (cause) {
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
      throw cause;
    }
  }
}
