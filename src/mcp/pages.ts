/** Lists in pages: a cursor is the opaque place where the next page begins. */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";

/** Cuts a list that never changes into results, made once, and finds the one that a cursor names. */
export const pager = <Item, Page>(
  items: ReadonlyArray<Item>,
  size: number,
  result: (items: Array<Item>, next: { readonly nextCursor?: string }) => Page,
): ((cursor: string | undefined) => Page) => {
  const cursorAt = (offset: number) => Buffer.from(`page:${offset}`).toString("base64url");
  const pages = new Map<string | undefined, Page>();
  for (let offset = 0; offset === 0 || offset < items.length; offset += size) {
    const next = offset + size;
    const page = result(
      items.slice(offset, next),
      next < items.length ? { nextCursor: cursorAt(next) } : {},
    );
    pages.set(offset === 0 ? undefined : cursorAt(offset), page);
  }
  return (cursor) => {
    const page = pages.get(cursor);
    if (page === undefined) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        "Unknown cursor. Begin again without one.",
      );
    }
    return page;
  };
};
