/** A URL as logs, reasons and health show it. */

/** Without credentials, query and fragment, of which each may be a secret. */
export const shownUrl = (text: string): string => {
  if (!URL.canParse(text)) return "The upstream";
  const { host, pathname, protocol } = new URL(text);
  return `${protocol}//${host}${pathname}`;
};
