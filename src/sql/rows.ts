/** How values cross between Postgres and the domain: what rows hold is decoded, never believed. */
import { PgTypes } from "@effect/sql-pg";
import { Effect, Result, Schema, SchemaGetter } from "effect";
import { Timestamp } from "../domain/Text.ts";

/** A `timestamptz` as the domain writes times. */
export const DbTime = Schema.Date.pipe(
  Schema.decodeTo(Timestamp, {
    decode: SchemaGetter.transform((time: Date) => time.toISOString()),
    encode: SchemaGetter.transform((time: string) => new Date(time)),
  }),
);

/** A `bigint` that counts something, which no count of ours takes past what a number holds. */
export const DbCount = Schema.BigInt.pipe(
  Schema.decodeTo(Schema.Int, {
    decode: SchemaGetter.transform(Number),
    encode: SchemaGetter.transform(BigInt),
  }),
);

/** Decodes all rows of an answer; a row of another shape is a fault of the program. */
export const decodeRows = <S extends Schema.ConstraintDecoder<unknown>>(row: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(row));
  return (rows: unknown) => Effect.orDie(decode(rows));
};

/** A parameter for `unnest(… ::type[])`: the cast in the statement says what the texts are. */
export const textArray = (values: ReadonlyArray<string | null>): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, PgTypes.OID.text));

/** A parameter of whole numbers for `unnest`. */
export const intArray = (values: ReadonlyArray<number | null>): PgTypes.Parameter =>
  Result.getOrThrow(
    PgTypes.array(
      values.map((value) => (value === null ? null : BigInt(value))),
      PgTypes.OID.int8,
    ),
  );

/** A parameter of whole numbers that four bytes hold, for `unnest`. */
export const int4Array = (values: ReadonlyArray<number>): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, PgTypes.OID.int4));

/** A parameter of UUIDs for `unnest`. */
export const uuidArray = (values: ReadonlyArray<string>): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, PgTypes.OID.uuid));

/** A parameter of numbers for `unnest`. */
export const doubleArray = (values: ReadonlyArray<number | null>): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, PgTypes.OID.float8));

/** A parameter of times, in milliseconds, for `unnest`. */
export const timeArray = (values: ReadonlyArray<number>): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, PgTypes.OID.timestamptz));

/** A parameter of bytes for `unnest`. */
export const bytesArray = (values: ReadonlyArray<Uint8Array | null>): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, PgTypes.OID.bytea));
