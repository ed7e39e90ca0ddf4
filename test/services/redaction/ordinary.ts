// What must not be touched: texts, identifiers and code that have something of a secret, and are none.

const tool = {
  name: "login",
  description: "Logs in. The password: at least 8 characters; the token is kept.",
  inputSchema: {
    type: "object",
    properties: {
      password: { type: "string", minLength: 8, description: "The password of the user" },
      token: { type: "string", format: "uuid" },
      api_key: { type: ["string", "null"], default: null },
      client_secret: true,
      max_tokens: { type: "integer", default: 4096 },
    },
    required: ["password", "token", "api_key"],
  },
};

const json = (value: unknown) => JSON.stringify(value);

/** Texts that are kept as they are. */
export const ordinary: ReadonlyArray<string> = [
  "",
  "{}",
  "The quick brown fox jumps over the lazy dog. It passed all 7 tests: https://example.org/a/b?c=d#e",
  "Съешь же ещё этих мягких французских булок, да выпей чаю. Пароль: нужен.",
  "视野无限广,窗外有蓝天。访问 http://localhost:8080，联系 me@example.org。",
  "أبجد هوز حطي كلمن 12345 — Franz jagt im komplett verwahrlosten Taxi quer durch Bayern.",
  "いろはにほへと ちりぬるを 🎉👩‍👩‍👧 ÀÉÎõü ñ",
  "A task-force of risk-averse people; see disk-usage-of-the-server-2026-11-20-and-more-of-it.",
  "sk-learn-contrib-package-2026-for-python, ask-me-anything-about-kubernetes-1-30-today",
  "Bearer of news, bearer authentication-is-described-elsewhere, the ring bearer's long journey",
  "Basic authentication and basic understanding of Basic English; BASIC PROGRAMMING",
  "123e4567-e89b-12d3-a456-426614174000 01ARZ3NDEKTSV4RRFFQ69G5FAV 2026-11-20T08:31:34.123Z",
  "commit da39a3ee5e6b4b0d3255bfef95601890afd80709, md5 d41d8cd98f00b204e9800998ecf8427e",
  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
  "http://user@example.org/ ssh://git@github.com:22/a/b.git git@github.com:a/b.git",
  "https://medium.com/@somebody/a:b@c http://[::1]:8080/@x mailto:a@b.org http://host:80/a?b=c@d",
  "postgres://localhost:5432/db postgres://user@host/db postgres://user:${PASSWORD}@host/db",
  "postgres://user:<password>@host/db https://user:****@host/ http://a:80,b@c",
  "Authorization: Bearer <token> Authorization: Bearer ${TOKEN} Authorization: Bearer YOUR_TOKEN",
  'WWW-Authenticate: Bearer resource_metadata="https://example.org/.well-known/a1", scope="read"',
  "interface Login { readonly password: string; token?: string; secret: Uint8Array; key: u64 }",
  "const login = (password: string, apiKey = getKey()) => open({ password, apiKey: apiKey, token: token });",
  "def connect(user, password=None, token=None): return db.connect(user=user, password=password, api_key=os.environ['KEY'])",
  "let secret: [u8; 32] = hash(password); let token: u64 = 5; fn key() -> String {} password = cfg.password;",
  "if (user.password === other.password && secret !== expected.secret) throw new Error('password');",
  'String password = request.getParameter("password"); private final String clientSecret;',
  "hash.secret = sha256; digest: hs256; password: bcrypt; token: Token; PASSWORD: String!",
  "API_KEY=$KEY PASSWORD=${DB_PASSWORD} TOKEN=$(cat token) SECRET=%SECRET% password=**** token=",
  'export API_KEY="" ; password: "" ; password = "<your password>" ; api_key: "YOUR-API-KEY" ; secret="xxxxxxxx"',
  `ghp_${"x".repeat(36)} sk-${"x".repeat(48)} AKIA${"X".repeat(16)}`,
  "The tokenizer makes tokens; max_tokens=100, num_tokens: 17, token_type: Bearer, tokens=4096",
  '<input type="password" name="password" placeholder="Your password"><label>Password: </label>',
  json(tool),
  json({
    password: "Password",
    confirm_password: "Please enter your password",
    forgotPassword: "Forgot it?",
  }),
  json({
    errors: { password: "is too short (the minimum is 8 characters)" },
    secret: null,
    token: 17,
  }),
  json({
    password: "string",
    api_key: "<key>",
    client_secret: "{{secret}}",
    access_token: "${TOKEN}",
  }),
  json({
    jsonrpc: "2.0",
    id: 1,
    params: { _meta: { progressToken: "0f8fad5bd9cb469fa16570867728950e" } },
  }),
  json({
    nextCursor: "eyJvZmZzZXQiOjEwMH0=",
    requestState: "AAECAwQFBgcICQoLDA0ODw==",
    cursor: "eyJhIjoxfQ",
  }),
  json({
    nextPageToken: "CAoQAA1234567890abcdef",
    next_token: "a1b2c3d4e5f6a7b8c9d0",
    pageToken: "x1".repeat(20),
  }),
  json({
    "mcp-session-id": "1868a90c-8a1b-4f6e-9d1a-2b3c4d5e6f70",
    max_tokens: 100,
    temperature: 0.5,
  }),
  json({
    logprobs: [
      { token: "Hello", logprob: -0.1 },
      { token: " world", logprob: -2 },
    ],
    eos_token: "</s>",
  }),
  json({
    key: "value",
    keys: ["a"],
    primary_key: "id1",
    cache_key: "user:17:profile",
    idempotency_key: "0f8fad5b",
  }),
  json({
    auth: "none",
    authorization: "required",
    author: "somebody",
    token: "page two of the list",
  }),
  json({
    publicKey: `-----BEGIN PUBLIC KEY-----\n${"MIIB1jANBgkq".repeat(9)}\n-----END PUBLIC KEY-----`,
  }),
  "-----BEGIN CERTIFICATE-----\nMIIB1jANBgkqhkiG9w0BAQEFAAOC\n-----END CERTIFICATE-----",
  'const names = ["DB_PASSWORD", "DB_SSL", "API_KEY"]; const passwd = yield* attempt("x");',
  'status: ok ? "pass" : "fail"; e ? `Client Secret`:`Other Secret`; e==="invalid_token"?"invalid_token":f',
  'h("label", "Password:"), h("code", "x"); typeof passphrase === "boolean"; a.refreshToken===!1&&b',
  "const x = found?.access_token : void 0; refreshToken:o.refresh_token??n.refreshToken, USERNAME_PASSWORD: 0x02",
  'AUTH_TOKEN: "INSPECTOR_API_TOKEN"; e.InvalidToken = "invalid_token"; privateKey: Schema.Uint8ArrayFromBase64',
  json({
    env: { PWD: "/home/me", OLDPWD: "/tmp", pwd: "C:\\Users\\me" },
    args: ["--token", "--verbose"],
  }),
  "[REDACTED:password] and [REDACTED:github-token]",
  json({ password: "[REDACTED:password]", url: "https://a:[REDACTED:password]@b" }),
  '\\u0041\\/\\\\\\"\\n \u0000\u001b[31mred\u001b[0m \ud800 lone',
];
