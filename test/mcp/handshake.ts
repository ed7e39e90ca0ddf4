/** How a client of the versions with a handshake begins. */

/** What it says of itself. */
export const initialization = (protocolVersion = "2025-11-25") => ({
  protocolVersion,
  capabilities: {},
  clientInfo: { name: "test", version: "1" },
});

/** Its first request. */
export const initialize = (protocolVersion?: string) => ({
  jsonrpc: "2.0",
  id: "init",
  method: "initialize",
  params: initialization(protocolVersion),
});
