/** Resources as MCP has them: whoever has some to offer is a provider, and a catalogue holds any number of providers. */
import type {
  InputRequiredResult,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerContext,
} from "@modelcontextprotocol/server";
import type { Effect } from "effect";
import type { DeweyError } from "../../domain/Errors.ts";
import type { CurrentPrincipal } from "../../domain/Principal.ts";
import type { Suggestions } from "../suggestions.ts";

/** A page of a provider's resources. */
export interface ResourcePage {
  readonly resources: ReadonlyArray<Resource>;
  /** From where to go on; absent on the last page. */
  readonly next?: string;
}

/** Resources of one kind. */
export interface ResourceProvider {
  /** Tells its cursors from those of other providers; never changes. */
  readonly name: string;
  readonly templates: ReadonlyArray<ResourceTemplateType>;
  /**
   * The next resources in an order that changes do not disturb: at most `limit`, after what `after` names, which is
   * `next` of an earlier page. A client may have tampered with `after`; `InvalidInput` refuses it.
   */
  readonly list: (
    after: string | undefined,
    limit: number,
  ) => Effect.Effect<ResourcePage, DeweyError, CurrentPrincipal>;
  /** The same text for all URIs of one resource, by which changes name it; undefined for URIs of other providers. */
  readonly identify: (uri: string) => string | undefined;
  /** Reads what `identify` knows; `NotFound` where there is no such resource. */
  readonly read: (
    uri: string,
    context: ServerContext,
  ) => Effect.Effect<ReadResourceResult | InputRequiredResult, DeweyError, CurrentPrincipal>;
  /** Completes a variable of a template, by the template's text. */
  readonly complete?: (
    template: string,
    variable: string,
    typed: string,
    others: Readonly<Record<string, string>>,
  ) => Effect.Effect<Suggestions, DeweyError, CurrentPrincipal> | undefined;
}
