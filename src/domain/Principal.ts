/** Who is asking: the name that history shows, the space that bounds everything, and what may be done. */
import { Context, Schema } from "effect";

/** What a caller may do; a tool names the one that it needs. */
export const Scope = Schema.Literals(["read", "write", "delete", "proxy", "admin"]);
export type Scope = typeof Scope.Type;

/** A caller, known from its token. */
export const Principal = Schema.Struct({
  name: Schema.String,
  space: Schema.String,
  scopes: Schema.ReadonlySet(Scope),
});
export type Principal = typeof Principal.Type;

/** The caller where no tokens are configured. */
export const anonymous: Principal = {
  name: "anonymous",
  space: "default",
  scopes: new Set(Scope.literals),
};

/** Whether callers are not told apart; a token may bear the same name in the same space. */
export const isAnonymous = (principal: Principal): boolean => principal === anonymous;

/** Who showed no token where tokens are asked for: served by the few doors that let everybody in. */
export const stranger: Principal = { name: "stranger", space: "default", scopes: new Set() };

/** Whether two principals are one caller with the same rights. */
export const isSamePrincipal = (one: Principal, other: Principal): boolean =>
  one.name === other.name &&
  one.space === other.space &&
  one.scopes.size === other.scopes.size &&
  [...one.scopes].every((scope) => other.scopes.has(scope));

/**
 * The caller of the call at hand, provided by the door that it came through.
 * @effect-leakable-service
 */
export class CurrentPrincipal extends Context.Service<CurrentPrincipal, Principal>()(
  "dewey/domain/CurrentPrincipal",
) {}
