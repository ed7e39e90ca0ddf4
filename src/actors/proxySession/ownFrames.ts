/** The few frames that the proxy says itself, where the upstream cannot. */

/** JSON-RPC's code for an error of the implementation's own. */
const serverError = -32_000;

/** Answers a request, whose id is given as JSON text, with an error after which the client may ask again. */
export const retryableError = (id: string, message: string, upstream: string): string =>
  `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({
    code: serverError,
    message,
    data: { retryable: true, upstream },
  })}}`;

/** A notification without parameters. */
export const notification = (method: string): string => JSON.stringify({ jsonrpc: "2.0", method });

/** Why a request is answered with an error, and why a session ends. */
export type Sentences = ReturnType<typeof sentencesOf>;

/** What is said of an upstream; nothing of the machine that it runs on. */
export const sentencesOf = (upstream: string) => {
  const name = JSON.stringify(upstream);
  const unsure = "Whether it was carried out is not known; repeat it if that does no harm.";
  return {
    lost: `The upstream ${name} was lost while this request was in flight. ${unsure}`,
    changed: `The upstream ${name} was configured anew while this request was in flight. ${unsure}`,
    removed: `The upstream ${name} was taken out of the configuration.`,
    restarted: `The upstream ${name} was lost, and its sessions end with it.`,
    unreachable: `The upstream ${name} cannot be reached. Repeat the request later.`,
    worn: `The upstream ${name} was lost again and again, and is left alone for a while. Repeat the request later.`,
  };
};
