/** The call that all servers answer, and the answer that all of them give to it. */
import type { Tool } from "@modelcontextprotocol/server";

/** What the tool answers: the same value each time, as large as that of a small read. */
export const answer = {
  key: "plan",
  content: "Ship the door first, then what stands behind it.",
  version: 7,
  created_at: "2026-11-01T08:00:00.000Z",
  updated_at: "2026-11-20T08:00:00.000Z",
};

/** The answer as a tool's result. */
export const toolResult = {
  content: [{ type: "text" as const, text: JSON.stringify(answer) }],
  structuredContent: answer,
};

/** The tool of the servers that have none of Dewey's. */
export const plainTool: Tool = {
  name: "answer",
  inputSchema: { type: "object", properties: { key: { type: "string" } }, required: ["key"] },
};

/** The request of a call as it goes over the wire. */
export const callText = (id: number, tool: string): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name: tool, arguments: { key: "plan" } },
  });

/** What opens a session of the older era. */
export const openingTexts: ReadonlyArray<string> = [
  JSON.stringify({
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "bench", version: "1.0.0" },
    },
  }),
  JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }),
];
