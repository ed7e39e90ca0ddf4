/** Dewey's errors where MCP has no result that could tell them: as JSON-RPC errors. */
import {
  type JSONRPCMessage,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from "@modelcontextprotocol/server";
import { Predicate } from "effect";
import { errorBody } from "../domain/ErrorBody.ts";
import { type DeweyError, Forbidden } from "../domain/Errors.ts";
import type { Principal } from "../domain/Principal.ts";
import { isErrorResponse } from "./messages.ts";

/** The code that JSON-RPC leaves to servers. */
const serverError = -32000;

const codeOf = (code: DeweyError["code"]): number => {
  switch (code) {
    case "INVALID_INPUT":
    case "TOO_LARGE":
    case "NOT_FOUND":
      return ProtocolErrorCode.InvalidParams;
    case "INTERNAL":
      return ProtocolErrorCode.InternalError;
    default:
      return serverError;
  }
};

/** The error as the answer to a request. */
export const protocolErrorOf = (error: DeweyError): ProtocolError =>
  new ProtocolError(codeOf(error.code), error.message, errorBody(error));

/** The answer to what no request of this kind may say. */
export const invalidParams = (message: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, message);

/** The answer to a URI under which there is nothing that the caller may see. */
export const resourceNotFound = (uri: string): ProtocolError =>
  new ResourceNotFoundError(
    uri,
    `There is no resource ${JSON.stringify(uri)}. Take a URI from resources/list, or fill in a template of resources/templates/list.`,
  );

/** What a principal is answered who may not read; undefined for all others. */
export const mayNotRead = ({ scopes }: Principal): Forbidden | undefined =>
  scopes.has("read")
    ? undefined
    : new Forbidden({
        message: "The token lacks the scope read, which this needs. Use a token that has it.",
      });

/** The codes of a missing resource. */
const newestCode: number = ProtocolErrorCode.InvalidParams;
const olderCode: number = ProtocolErrorCode.ResourceNotFound;

const isNotFoundData = (data: unknown): boolean =>
  Predicate.hasProperty(data, "uri") && Object.keys(data).length === 1;

/** The same message as clients of the older versions know it: there a missing resource has a code of its own. */
export const withLegacyCode = (message: JSONRPCMessage): JSONRPCMessage =>
  isErrorResponse(message) &&
  message.error.code === newestCode &&
  isNotFoundData(message.error.data)
    ? { ...message, error: { ...message.error, code: olderCode } }
    : message;
