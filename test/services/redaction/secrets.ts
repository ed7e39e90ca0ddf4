// Secrets in the forms that providers give them, all made up, and put together here so that no scanner of repositories
// takes this file for a leak.

/** A secret within as much text as makes it one, and that text without it. */
export interface Example {
  readonly name: string;
  readonly text: string;
  readonly redacted: string;
}

/** So many characters that look random. */
const made = (length: number, alphabet: string) => {
  let state = length * 7919 + alphabet.length;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += alphabet.charAt((state >>> 16) % alphabet.length);
  }
  return text;
};

const lower = "abcdefghijklmnopqrstuvwxyz";
const hex = (length: number) => made(length, "0123456789abcdef");
const letters = (length: number) =>
  `a1${made(length - 2, `${lower}${lower.toUpperCase()}0123456789`)}`;
const url = (length: number) =>
  `a1${made(length - 3, `${lower}${lower.toUpperCase()}0123456789_-`)}Z`;
const capital = (length: number) => `A7${made(length - 2, `${lower.toUpperCase()}234567`)}`;
const base64 = (length: number) =>
  `a1${made(length - 3, `${lower}${lower.toUpperCase()}0123456789+/`)}Z`;

/** What a scanner looks for, with a bar in its midst. */
const broken = (text: string) => text.replace("|", "");

const whole = (name: string, marker: string, text: string): Example => ({
  name,
  text,
  redacted: `[REDACTED:${marker}]`,
});

const within = (
  name: string,
  before: string,
  marker: string,
  secret: string,
  after = "",
): Example => ({
  name,
  text: before + secret + after,
  redacted: `${before}[REDACTED:${marker}]${after}`,
});

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = [
  encoded({ alg: "HS256", typ: "JWT" }),
  encoded({ sub: "1234567890", name: "Somebody", iat: 1_516_239_022 }),
  url(43),
].join(".");

const pem = (kind: string, lineEnd: string) =>
  [
    `-----BEGIN ${kind}PRIVATE ${broken("|KEY-----")}`,
    base64(64),
    base64(64),
    `${base64(30)}==`,
    `-----END ${kind}PRIVATE ${broken("|KEY-----")}`,
  ].join(lineEnd);

const botId = Buffer.from("123456789012345678").toString("base64url");

/** One of each form. */
export const examples: ReadonlyArray<Example> = [
  whole("OpenAI, of a project", "openai-key", `${broken("sk-|proj-")}${url(120)}`),
  whole("OpenAI, of a service account", "openai-key", `${broken("sk-|svcacct-")}${url(120)}`),
  whole("OpenAI, of old", "api-key", `sk-${letters(20)}${broken("T3Blbk|FJ")}${letters(20)}`),
  whole("DeepSeek", "api-key", `sk-${hex(32)}`),
  whole("Anthropic", "anthropic-key", `${broken("sk-|ant-api03-")}${url(93)}AA`),
  whole("Anthropic, OAuth", "anthropic-key", `${broken("sk-|ant-oat01-")}${url(90)}AA`),
  whole("OpenRouter", "openrouter-key", `${broken("sk-|or-v1-")}${hex(64)}`),
  whole("Groq", "groq-key", `gsk_${letters(52)}`),
  whole("xAI", "xai-key", `xai-${letters(80)}`),
  whole("Perplexity", "perplexity-key", `pplx-${letters(48)}`),
  whole("Hugging Face", "hugging-face-token", `hf_${letters(34)}`),
  whole("Replicate", "replicate-token", `r8_${letters(37)}`),
  whole("ElevenLabs", "elevenlabs-key", `sk_${hex(48)}`),
  whole("NVIDIA", "nvidia-key", `nvapi-${url(64)}`),
  whole("LangSmith", "langsmith-key", `lsv2_pt_${hex(32)}_${hex(10)}`),
  ...["ghp", "gho", "ghu", "ghs", "ghr"].map((kind) =>
    whole(`GitHub, ${kind}`, "github-token", `${kind}_${letters(36)}`),
  ),
  whole(
    "GitHub, fine-grained",
    "github-token",
    `${broken("github_|pat_")}${letters(22)}_${letters(59)}`,
  ),
  whole("GitLab", "gitlab-token", `glpat-${url(20)}`),
  whole("GitLab, routable", "gitlab-token", `glpat-${url(27)}.01.${letters(9)}`),
  whole("npm", "npm-token", `npm_${letters(36)}`),
  whole("PyPI", "pypi-token", `${broken("pypi-|AgEIcHlwaS5vcmc")}${url(150)}`),
  whole("RubyGems", "rubygems-key", `rubygems_${hex(48)}`),
  whole("Docker Hub", "docker-token", `${broken("dckr_|pat_")}${url(27)}`),
  whole("Atlassian", "atlassian-token", `ATATT3${url(180)}=${hex(8).toUpperCase()}`),
  whole("Postman", "postman-key", `PMAK-${hex(24)}-${hex(34)}`),
  whole("Figma", "figma-token", `figd_${url(40)}`),
  whole("Linear", "linear-key", `lin_api_${letters(40)}`),
  whole("Notion", "notion-token", `ntn_${letters(46)}`),
  whole("Notion, of old", "notion-token", `secret_${letters(43)}`),
  whole("AWS", "aws-access-key", `AKIA${capital(16)}`),
  whole("AWS, for a time", "aws-access-key", `ASIA${capital(16)}`),
  within("AWS, secret, in a profile", "aws_secret_access_key = ", "api-key", base64(40)),
  within("AWS, secret, in the environment", "AWS_SECRET_ACCESS_KEY=", "api-key", base64(40)),
  whole("Google", "google-key", `AIza${url(35)}`),
  whole("Google, OAuth", "google-oauth-token", `ya29.${url(120)}`),
  whole("Google, client secret", "google-client-secret", `GOCSPX-${url(28)}`),
  whole("DigitalOcean", "digitalocean-token", `dop_v1_${hex(64)}`),
  whole("Databricks", "databricks-token", `dapi${hex(32)}`),
  whole("Vault", "vault-token", `hvs.${url(95)}`),
  whole("Doppler", "doppler-token", `dp.pt.${letters(43)}`),
  whole("Supabase", "supabase-key", `sbp_${hex(40)}`),
  whole("Supabase, secret", "supabase-key", `sb_secret_${url(31)}`),
  whole("age", "age-key", `${broken("AGE-SECRET-|KEY-1")}${capital(58)}`),
  within(
    "Azure, storage",
    "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=",
    "api-key",
    `${base64(86)}==`,
    ";EndpointSuffix=core.windows.net",
  ),
  whole("Azure, client secret", "azure-client-secret", `${broken("aB3|8Q~")}${url(34)}`),
  within(
    "Azure, signed URL",
    "https://me.blob.core.windows.net/box?sv=2024-11-04&sig=",
    "url-signature",
    `${letters(41)}%3D`,
    "&se=2026-12-01",
  ),
  within("Cloudflare", "CLOUDFLARE_API_TOKEN=", "token", url(40)),
  whole("Sentry", "sentry-token", `sntrys_${base64(100)}_${base64(43)}`),
  whole("Sentry, of a user", "sentry-token", `sntryu_${hex(64)}`),
  whole("Grafana", "grafana-token", `glsa_${letters(32)}_${hex(8)}`),
  whole("New Relic", "new-relic-key", `NRAK-${capital(27)}`),
  ...["xoxb", "xoxp", "xoxa", "xoxr", "xoxs"].map((kind) =>
    whole(`Slack, ${kind}`, "slack-token", `${kind}-1234567890-${letters(24)}`),
  ),
  whole("Slack, of an app", "slack-token", `xapp-1-A0${capital(8)}-1234567890-${hex(64)}`),
  within(
    "Slack, webhook",
    "https://hooks.slack.com/services/",
    "slack-webhook",
    `T${capital(8)}/B${capital(8)}/${letters(24)}`,
  ),
  within(
    "Discord, webhook",
    "https://discord.com/api/webhooks/",
    "discord-webhook",
    `123456789012345678/${url(68)}`,
  ),
  whole("Discord, bot", "discord-token", `${botId}.${letters(6)}.${url(38)}`),
  whole("Telegram", "telegram-token", `123456789:AA${url(33)}`),
  within(
    "Telegram, in a URL",
    "https://api.telegram.org/bot",
    "telegram-token",
    `123456789:AA${url(33)}`,
    "/getMe",
  ),
  whole("Twilio", "twilio-key", `SK${hex(32)}`),
  whole("SendGrid", "sendgrid-key", `SG.${url(22)}.${url(43)}`),
  whole("Mailgun", "mailgun-key", `key-${hex(32)}`),
  whole("Stripe", "stripe-key", `${broken("sk_|live_")}${letters(24)}`),
  whole("Stripe, restricted", "stripe-key", `${broken("rk_|live_")}${letters(99)}`),
  whole("Stripe, test", "stripe-key", `${broken("sk_|test_")}${letters(24)}`),
  whole("Stripe, webhook", "webhook-secret", `whsec_${letters(32)}`),
  whole("Shopify", "shopify-token", `shpat_${hex(32)}`),
  whole("Square", "square-token", `sq0atp-${url(22)}`),
  whole("JWT", "jwt", jwt),
  whole(
    "JWE",
    "jwt",
    `${encoded({ enc: "A256GCM", alg: "dir" })}..${url(16)}.${url(60)}.${url(22)}`,
  ),
  within("Bearer", "Bearer ", "bearer-token", url(32)),
  within("Bearer, a header", "Authorization: Bearer ", "bearer-token", "abc.def"),
  within("Bearer with a JWT", "authorization: bearer ", "jwt", jwt),
  within(
    "a header of another scheme",
    "Authorization: token ",
    "github-token",
    `gho_${letters(36)}`,
  ),
  within("a header without a scheme", "Authorization: ", "bearer-token", url(32)),
  within(
    "Basic",
    "Basic ",
    "basic-credentials",
    Buffer.from("somebody:some pässword").toString("base64"),
  ),
  within("Basic, a header", "Authorization: Basic ", "basic-credentials", "dXNlcjpwYXNz"),
  whole("PKCS 8", "private-key", pem("", "\n")),
  whole("RSA", "private-key", pem("RSA ", "\n")),
  whole("EC, Windows", "private-key", pem("EC ", "\r\n")),
  whole("OpenSSH", "private-key", pem("OPENSSH ", "\n")),
  whole("a key with escaped line ends", "private-key", pem("ENCRYPTED ", "\\n")),
  whole(
    "PGP",
    "private-key",
    [
      `-----BEGIN PGP PRIVATE ${broken("|KEY")} BLOCK-----`,
      "Version: GnuPG v2",
      "",
      base64(64),
      "=a1Bc",
      `-----END PGP PRIVATE ${broken("|KEY")} BLOCK-----`,
    ].join("\n"),
  ),
  within("a database's URL", "postgres://user:", "password", "hunter2", "@db.example.org:5432/app"),
  within("a URL", "https://somebody:", "password", "p%40ss+w0rd!", "@example.org/a?b=c"),
  within("Redis without a user", "redis://:", "password", "hunter2", "@127.0.0.1:6379/0"),
  within("a password with an @", "mongodb+srv://me:", "password", "p@ss", "@cluster.example.net/a"),
  within("the environment", "DB_PASSWORD=", "password", "letmein"),
  within("the environment, quoted", "export SECRET_KEY='", "api-key", "not so random", "'"),
  within("a query", "https://example.org/?q=1&access_token=", "token", letters(20), "&page=2"),
  within("a form", "grant_type=password&username=me&password=", "password", "letmein"),
  within("YAML", "password: ", "password", "hunter2"),
  within("TOML", 'api_key = "', "api-key", "made-up-key", '"'),
  within("Python", 'password: str = "', "password", "hunter2", '"'),
  within("Ruby", ":client_secret => '", "secret", "made up", "'"),
  within("a header of a key", "X-Api-Key: ", "api-key", letters(32)),
  within("an option", "--password ", "password", "hunter2"),
  within("an option with =", "--api-key=", "api-key", "abc"),
  within("SQL", "ALTER USER me WITH PASSWORD '", "password", "hunter2", "'"),
  within("XML", "<password>", "password", "hunter2", "</password>"),
  within(
    "a connection string",
    "Server=db;User Id=me;Password=",
    "password",
    "letmein",
    ";Timeout=30",
  ),
];
