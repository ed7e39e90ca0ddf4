/** An error as callers see it where there are no types: its fields without the tag. */
import type { DeweyError } from "./Errors.ts";

/** The same for every transport that speaks JSON. */
export interface ErrorBody {
  readonly code: DeweyError["code"];
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: Exclude<DeweyError["details"], undefined>;
}

/** Leaves out what is only for programs that share the types. */
export const errorBody = ({ code, message, retryable, details }: DeweyError): ErrorBody =>
  details === undefined
    ? { code, message, retryable }
    : { code, message, retryable, details: { ...details } };
