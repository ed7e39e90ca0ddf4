// What the raw clients say, step by step, in both eras: requests for the reference server's scenes, and what it has to
// see of a client itself.
import {
  megabyte,
  oddKeys,
  oddLines,
  oddNumbers,
  oddSpace,
  oddText,
  readableNumbers,
  vendorMeta,
} from "../fixtures/oddities.ts";
import { cursor } from "../fixtures/scenes.ts";
import type { Era } from "./httpClient.ts";

/** One frame of the client, and what has to come before the next. */
export interface Step {
  readonly name: string;
  readonly text: string;
  /** The id of a request, as JSON; its answer is waited for. */
  readonly id?: string;
  /** Answers to what the server asks meanwhile, in order; `«id»` stands for the question's. */
  readonly replies?: ReadonlyArray<string>;
  /** How many frames come that belong to no request. */
  readonly unasked?: number;
  /** What is done once so many frames have come; a cancelled request has no answer. */
  readonly meanwhile?: { readonly after: number } & (
    | { readonly cancel: string }
    | { readonly breakOffAndSend: string }
  );
  /** Where HTTP asks for more headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The server ends the connection instead of an answer. */
  readonly isEnd?: true;
  /** Not one message of the version, which an HTTP server may refuse in words of its own; something is answered. */
  readonly isNoMessage?: true;
}

const ids = (function* () {
  yield* ["0", "-1", '""', '"ünï😀"', "9007199254740991", '"1"'];
  for (let next = 1; ; next += 1) yield String(next);
})();

interface Asked extends Omit<Step, "name" | "text" | "id" | "meanwhile"> {
  readonly scene?: string;
  /** The fields of `params` before `_meta`. */
  readonly params?: string;
  /** The fields of `_meta`. */
  readonly meta?: string;
  /** Puts the parts together in another way than without white space. */
  readonly write?: (id: string, method: string, params: string) => string;
  readonly cancelAfter?: number;
  readonly breakOffAfter?: number;
}

const plainly = (id: string, method: string, params: string) =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;

const note = (name: string, method: string, params: string): Step => ({
  name,
  text: `{"jsonrpc":"2.0","method":"${method}","params":{${params}}}`,
});

const capabilities = `{"roots":{"listChanged":true},"sampling":{"tools":{},"context":{}},"elicitation":{"form":{},"url":{}},"experimental":{"vendor.example/odd":${readableNumbers}},"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html"]}}}`;
const clientInfo = `{"name":"raw","title":"Raw ✎","version":"1.0.0","websiteUrl":"https://example.com","icons":[{"src":"https://example.com/c.png","theme":"light"}],"vendor":1.0}`;

const envelope = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":${clientInfo},"io.modelcontextprotocol/clientCapabilities":${capabilities},"io.modelcontextprotocol/logLevel":"debug","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`;

/** Makes steps of one era: requests of the newest one say in each who they are. */
const askingIn = (era: Era) => {
  const always = era === "2026-07-28" ? [envelope] : [];
  return (name: string, method: string, asked: Asked = {}): Step => {
    const { scene, params, meta, write = plainly, cancelAfter, breakOffAfter, ...rest } = asked;
    const id = ids.next().value ?? "0";
    const metaFields = [
      ...(scene === undefined ? [] : [`"fixture/scene":"${scene}"`]),
      ...(meta === undefined ? [] : [meta]),
      vendorMeta,
      ...always,
    ].join(",");
    const { headers, ...others } = rest;
    const text = write(
      id,
      method,
      `{${params === undefined ? "" : `${params},`}"_meta":{${metaFields}}}`,
    );
    const cancelled = `"requestId":${id},"reason":${oddText},"_meta":{${vendorMeta}}`;
    return {
      name,
      id,
      text,
      ...others,
      ...(headers !== undefined && era === "2026-07-28" && { headers }),
      ...(cancelAfter !== undefined && {
        meanwhile: {
          after: cancelAfter,
          cancel: note("", "notifications/cancelled", cancelled).text,
        },
      }),
      ...(breakOffAfter !== undefined && {
        meanwhile: {
          after: breakOffAfter,
          breakOffAndSend: note("", "notifications/vendor.example/go", `"odd":1.0`).text,
        },
      }),
    };
  };
};

type Ask = ReturnType<typeof askingIn>;

/** What both eras know; `own` is what the era has in the `_meta` of everything that a client says. */
const common = (ask: Ask, own: string): ReadonlyArray<Step> => {
  const call = (scene: string, asked: Asked = {}) =>
    ask(scene, "tools/call", { params: `"name":"measure","arguments":{}`, scene, ...asked });
  const withArguments = (text: string) => ({
    params: `"name":"measure","arguments":{"x":${text}}`,
  });
  return [
    ask("tools", "tools/list", { scene: "tools" }),
    ask("the end of the tools", "tools/list", { scene: "toolsEnd", params: `"cursor":${cursor}` }),
    ask("resources", "resources/list", { scene: "resources" }),
    ask("the end of the resources", "resources/list", {
      scene: "resourcesEnd",
      params: `"cursor":${cursor}`,
    }),
    ask("templates", "resources/templates/list", { scene: "templates" }),
    ask("prompts", "prompts/list", { scene: "prompts" }),
    ask("a tool with a header", "tools/call", {
      scene: "structured",
      params: `"name":"regional","arguments":{"region":"eu-west-1"}`,
      headers: { "mcp-param-region": "eu-west-1" },
    }),
    ask("a tool with an odd name", "tools/call", {
      scene: "structured",
      params: `"name":"ünï✓","arguments":{}`,
    }),
    call("structured", withArguments(oddText)),
    call("numbers", withArguments(oddNumbers)),
    call("keys", withArguments(oddKeys)),
    call("text", withArguments(oddText)),
    call("space", {
      ...withArguments(oddSpace),
      write: (id, method, params) =>
        ` { "params" : ${params} ,\t"method" : "${method}" , "id"  : ${id} , "jsonrpc":"2.0" } `,
    }),
    call("lines", withArguments(oddLines)),
    call("media"),
    ask("a read resource", "resources/read", {
      scene: "read",
      params: `"uri":"fixture://a%20b/?q"`,
    }),
    ask("a prompt", "prompts/get", {
      scene: "prompt",
      params: `"name":"p","arguments":{"a":${oddText}}`,
    }),
    ask("a completion", "completion/complete", {
      scene: "complete",
      params: `"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":${oddText}},"context":{"arguments":{"b":"c"}}`,
    }),
    ask("a method that only both ends know", "vendor.example/do", {
      scene: "unknown",
      params: `"odd":${oddKeys}`,
    }),
    ask("a method that nobody knows", "vendor.example/unknown"),
    call("failure"),
    call("progress", { meta: `"progressToken":"tök-😀"` }),
    call("progress", { meta: `"progressToken":12345` }),
    call("cancel", { meta: `"progressToken":0`, cancelAfter: 1 }),
    note("a notification without more", "notifications/vendor.example/bare", `"odd":1.0`),
    note(
      "a notification that nobody knows",
      "notifications/vendor.example/odd",
      `"odd":${oddNumbers},"_meta":{${own}}`,
    ),
    call("large", withArguments(megabyte)),
  ];
};

const notJson: Step = { name: "no JSON", text: `no JSON at all: {{{`, isNoMessage: true };

/** As the version of 2025-03-26 had them. */
const batch: Step = {
  name: "a batch",
  text: `[ {"jsonrpc":"2.0","id":"in a batch","method":"ping"} ,{"jsonrpc":"2.0","method":"notifications/vendor.example/odd"}]`,
  isNoMessage: true,
};

const reply = (result: string) => `{"jsonrpc":"2.0","id":«id»,"result":${result}}`;

/** What a client of 2025-11-25 says. */
const legacyScript = (): ReadonlyArray<Step> => {
  const ask = askingIn("2025-11-25");
  return [
    ask("initialize", "initialize", {
      scene: "initialize",
      params: `"protocolVersion":"2025-11-25","capabilities":${capabilities},"clientInfo":${clientInfo}`,
    }),
    { name: "initialized", text: `{"jsonrpc":"2.0","method":"notifications/initialized"}` },
    { name: "ping", id: '"p"', text: `{"jsonrpc":"2.0","id":"p","method":"ping"}` },
    ...common(ask, vendorMeta),
    ask("an elicitation before the call", "tools/call", {
      scene: "needsUrl",
      params: `"name":"x"`,
    }),
    ask("subscribe", "resources/subscribe", { params: `"uri":"fixture://ü"` }),
    note("new roots", "notifications/roots/list_changed", `"_meta":{${vendorMeta}}`),
    note("the client's progress", "notifications/progress", `"progressToken":1,"progress":1.0`),
    ask("changes", "tools/call", { scene: "changes", params: `"name":"x"`, unasked: 9 }),
    ask("questions", "tools/call", {
      scene: "questions",
      params: `"name":"x"`,
      replies: [
        reply(
          `{"role":"assistant","content":[{"type":"text","text":${oddText}}],"model":"m","stopReason":"endTurn","_meta":{${vendorMeta}}}`,
        ),
        reply(`{"action":"accept","content":{"n":1.0,"odd":${oddNumbers}},"vendor":null}`),
        `{"id":«id»,"error":{"code":-1,"message":"no","data":${oddKeys}},"jsonrpc":"2.0"}`,
        reply(`{"roots":[{"uri":"file:///a%20b","name":"ü","_meta":{${vendorMeta}}}]}`),
        reply(`{}`),
        reply(`{"odd":${oddKeys}}`),
      ],
    }),
    ask("a broken stream", "tools/call", {
      scene: "resume",
      params: `"name":"x"`,
      meta: `"progressToken":1.0`,
      breakOffAfter: 1,
    }),
    notJson,
    batch,
    ask("the last", "tools/call", { scene: "structured", params: `"name":"x"` }),
  ];
};

/** What a client of 2026-07-28 says. */
const modernScript = (): ReadonlyArray<Step> => {
  const ask = askingIn("2026-07-28");
  const listen = `"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["fixture://ü"]}`;
  return [
    ask("discover", "server/discover", { scene: "discover" }),
    ...common(ask, `${vendorMeta},${envelope}`),
    ask("a structured list", "tools/call", { scene: "structuredList", params: `"name":"x"` }),
    ask("a structured number", "tools/call", { scene: "structuredScalar", params: `"name":"x"` }),
    ask("a call that asks", "tools/call", { scene: "asksFor", params: `"name":"x"` }),
    ask("the call with its answers", "tools/call", {
      scene: "structured",
      params: `"name":"x","requestState":${oddText},"inputResponses":{"a":{"action":"accept","content":{"n":1.0}},"b":{"role":"assistant","content":{"type":"text","text":${oddText}},"model":"m"},"c":{"roots":[]}}`,
    }),
    ask("a subscription", "subscriptions/listen", {
      scene: "listen",
      params: listen,
      cancelAfter: 5,
    }),
    ask("a subscription that ends", "subscriptions/listen", {
      scene: "listenEnds",
      params: `"notifications":{}`,
    }),
    notJson,
    ask("the last", "tools/call", { scene: "structured", params: `"name":"x"` }),
  ];
};

/** The whole script of an era. */
export const scripts: Readonly<Record<Era, ReadonlyArray<Step>>> = {
  "2025-11-25": legacyScript(),
  "2026-07-28": modernScript(),
};

const sessionOnly = askingIn("2025-11-25");

/** A session whose server dies in the middle of a call. */
export const hangUpScript: ReadonlyArray<Step> = [
  ...scripts["2025-11-25"].slice(0, 3),
  sessionOnly("the end", "tools/call", { scene: "hangUp", params: `"name":"x"`, isEnd: true }),
];
