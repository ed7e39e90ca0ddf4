import { expect, test } from "bun:test";
import { Effect } from "effect";
import fc from "fast-check";
import { Redaction } from "../../../src/services/Redaction.ts";
import { holds } from "../../support/property.ts";

const { redact } = Effect.runSync(
  Effect.provide(Redaction, Redaction.layer({ enabled: true, patterns: [] })),
);

const opaque = "a1B2c3D4e5F6a7B8c9D0";

const sureNames = {
  password:
    "password Password DB_PASSWORD userPassword spring.datasource.password passwd pwd passphrase smtp_pass pass",
  secret: "secret client_secret clientSecret APP_SECRET webhook-secret",
  "api-key":
    "api_key apiKey API_KEY x-api-key OPENAI_API_KEY aws_secret_access_key SecretAccessKey AccountKey secret_key Ocp-Apim-Subscription-Key",
  "private-key": "private_key privateKey JWT_SIGNING_KEY encryption_key",
  token:
    "access_token refreshToken ID_TOKEN github_api_token authToken _authToken aws_session_token private-token",
};
const unsureNames = { token: "token GITHUB_TOKEN csrfToken", secret: "auth _auth" };
const otherNames =
  "password_hint passwordLength max_tokens tokenizer token_type token_endpoint secret_name secretRef api_key_id key " +
  "primary_key publicKey public_key ssh_key_name progressToken nextPageToken page_token next_token continuationToken " +
  "syncToken cursorToken forgot_password resetPassword hasPassword is_password author oauth bypass compass keyword word " +
  "requestState nextCursor sessionId mcp-session-id turkey monkey";

const entries = (names: Readonly<Record<string, string>>) =>
  Object.entries(names).flatMap(([what, list]) => list.split(" ").map((name) => ({ name, what })));

test.each(entries(sureNames))("$name is the name of a secret", ({ name, what }) => {
  for (const value of [
    "hunter2",
    "letmein",
    opaque,
    'a "quoted" \\ one',
    "correct horse battery staple",
    "the cat sat on a mat",
    "%software1",
    "{abc}x!",
    "<abc1",
    "$ecret",
  ]) {
    expect(redact(JSON.stringify({ [name]: value, b: value }))).toEqual({
      frame: JSON.stringify({ [name]: `[REDACTED:${what}]`, b: value }),
      count: 1,
    });
  }
});

test.each(entries(unsureNames))("$name is the name of one that looks random", ({ name, what }) => {
  expect(redact(JSON.stringify({ [name]: opaque }))).toEqual({
    frame: JSON.stringify({ [name]: `[REDACTED:${what}]` }),
    count: 1,
  });
  const others = [
    "Hello",
    "page two",
    "a-long-name-of-letters-alone",
    "2026-11-20T08:31:34.123Z",
    "https://example.org/a1",
  ];
  for (const value of others) expect(redact(JSON.stringify({ [name]: value })).count).toBe(0);
});

test.each(otherNames.split(" "))("%s is no name of a secret", (name) => {
  for (const value of [opaque, "hunter2"]) {
    for (const frame of [
      JSON.stringify({ [name]: value }),
      `${name}=${value}`,
      `${name}: ${value}`,
    ]) {
      expect(redact(frame)).toEqual({ frame, count: 0 });
    }
  }
});

const secret = "made-up-1!";
const marker = "[REDACTED:password]";

test.each([
  ["JSON", `{"password":"${secret}"}`],
  ["JSON with spaces", `{ "password" : "${secret}" }`],
  ["Python's dictionaries", `{'password': '${secret}'}`],
  ["JavaScript", `const password = "${secret}";`],
  ["TypeScript", `const password: string = \`${secret}\`;`],
  ["Go", `password := "${secret}"`],
  ["an index", `config["password"] = "${secret}"`],
  ["PHP", `'password' => '${secret}'`],
  ["YAML", `db:\n  password: ${secret}\n  port: 1`],
  ["a file of settings", `user=me\npassword=${secret}\n`],
  ["an environment in Kubernetes", `{"name":"DB_PASSWORD","value":"${secret}"}`],
  ["arguments", `["--user","me","--password","${secret}","--verbose"]`],
  ["a shell", `PASSWORD=${secret} ./run --fast`],
  ["curl", `curl -d 'user=me&password=${secret}' https://example.org`],
  ["C#", `Data Source=db;Password=${secret};Timeout=3`],
  ["a value that was cut off", `{"password":"${secret}`],
])("in the form of %s", (_, text) => {
  const left = text.replace(secret, marker);
  expect(redact(text)).toEqual({ frame: left, count: 1 });
  // As text within a message, and within a message within a message.
  const message = JSON.stringify({ text });
  expect(redact(message)).toEqual({ frame: JSON.stringify({ text: left }), count: 1 });
  expect(redact(JSON.stringify({ message }))).toEqual({
    frame: JSON.stringify({ message: JSON.stringify({ text: left }) }),
    count: 1,
  });
});

test("what a value is by itself is said rather than what it is called", () => {
  const token = `glpat-${opaque}`;
  expect(redact(`{"password":"${token}"}`).frame).toBe('{"password":"[REDACTED:gitlab-token]"}');
  expect(redact(`{"password":"${token} and more"}`).frame).toBe(`{"password":"${marker}"}`);
});

test("whatever is in the value of a member, it is taken out as a whole, at every depth", () => {
  const wrap = (value: unknown, depth: number): string =>
    depth === 0 ? JSON.stringify(value) : wrap({ text: JSON.stringify(value) }, depth - 1);
  const value = fc
    .array(
      fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.constantFrom("\\", '"', "\n", "'", '\\"', "/", "\\\\"),
      ),
      {
        minLength: 1,
      },
    )
    // What it begins with keeps it from being a placeholder.
    .map((parts) => `S3${parts.join("")}`);
  const text = fc.string({ unit: "grapheme" });
  return holds(
    fc.property(value, fc.nat(4), text, text, (password, depth, before, after) => {
      const message = (content: string) =>
        wrap({ before, password: content, after: [after] }, depth);
      expect(redact(message(password))).toEqual({ frame: message(marker), count: 1 });
    }),
    1000,
  );
});
