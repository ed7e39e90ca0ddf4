/** The keys of providers that are known by how they begin: a prefix, and a run of characters of at least some length. */
import {
  alphanumerics,
  beginsWord,
  belongs,
  type CharacterClass,
  looksRandom,
  runEnd,
} from "./characters.ts";
import type { Rule, Sign } from "./Rule.ts";

interface Format {
  readonly what: string;
  readonly prefix: string;
  readonly body: CharacterClass;
  /** The fewest characters after the prefix. */
  readonly least: number;
  /** The most; a longer run is something else. */
  readonly most: number;
  /** What of the prefix stays, because it says where the secret is for. */
  readonly kept: number;
  /** Where in the prefix the characters are that are rare in texts. */
  readonly sign: number;
}

const starting = (
  what: string,
  prefixes: string,
  body: CharacterClass,
  least: number,
  most = Number.POSITIVE_INFINITY,
  sign = 0,
): ReadonlyArray<Format> =>
  prefixes.split(" ").map((prefix) => ({ what, prefix, body, least, most, kept: 0, sign }));

const hook = (what: string, prefix: string, sign: number): Format => ({
  what,
  prefix,
  body: "path",
  least: 20,
  most: Number.POSITIVE_INFINITY,
  kept: prefix.length,
  sign,
});

const formats: ReadonlyArray<Format> = [
  // Models
  ...starting("anthropic-key", "sk-ant-", "base64url", 20),
  ...starting("openai-key", "sk-proj- sk-svcacct- sk-admin- sk-None-", "base64url", 20),
  ...starting("openrouter-key", "sk-or-", "base64url", 32),
  ...starting("langfuse-key", "sk-lf-", "base64url", 32),
  // OpenAI's keys of old, DeepSeek's, and those of all who took after them.
  ...starting("api-key", "sk-", "alphanumeric", 32),
  ...starting("groq-key", "gsk_", "alphanumeric", 40),
  ...starting("xai-key", "xai-", "alphanumeric", 60),
  ...starting("perplexity-key", "pplx-", "alphanumeric", 40),
  ...starting("hugging-face-token", "hf_ api_org_", "alphanumeric", 30),
  ...starting("replicate-token", "r8_", "alphanumeric", 37),
  ...starting("elevenlabs-key", "sk_", "hex", 48),
  ...starting("nvidia-key", "nvapi-", "base64url", 60),
  ...starting("cerebras-key", "csk-", "alphanumeric", 40),
  ...starting("pinecone-key", "pcsk_", "word", 50),
  ...starting("langsmith-key", "lsv2_pt_ lsv2_sk_", "word", 40),
  ...starting("tavily-key", "tvly-", "base64url", 28),
  ...starting("firecrawl-key", "fc-", "hex", 32),
  ...starting("jina-key", "jina_", "base64url", 40),
  ...starting("e2b-key", "e2b_", "hex", 40),

  // Code and its packages
  ...starting("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", "alphanumeric", 36),
  ...starting("github-token", "github_pat_", "word", 36, undefined, 6),
  ...starting(
    "gitlab-token",
    "glpat- gloas- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glwt- glsoat- glffct-",
    "dotted",
    20,
  ),
  ...starting("npm-token", "npm_", "alphanumeric", 36),
  ...starting("pypi-token", "pypi-AgE", "base64url", 50, undefined, 3),
  ...starting("rubygems-key", "rubygems_", "hex", 48, undefined, 5),
  ...starting("docker-token", "dckr_pat_ dckr_oat_", "base64url", 20),
  ...starting("atlassian-token", "ATATT3 ATCTT3", "token68", 60),
  ...starting("bitbucket-password", "ATBB", "alphanumeric", 32),
  ...starting("postman-key", "PMAK-", "base64url", 50),
  ...starting("figma-token", "figd_ figo_ figu_", "base64url", 36),
  ...starting("linear-key", "lin_api_ lin_oauth_", "alphanumeric", 36),
  ...starting("notion-token", "ntn_ secret_", "alphanumeric", 43),
  ...starting("sonar-token", "squ_ sqp_ sqa_", "hex", 40),
  ...starting("buildkite-token", "bkua_ bkat_", "hex", 40),
  ...starting("circleci-token", "CCIPAT_ CCIPRJ_", "word", 40),

  // Clouds
  ...starting("aws-access-key", "AKIA ASIA ABIA ACCA", "capital", 16, 16),
  ...starting("aws-bedrock-key", "ABSK", "base64", 100),
  ...starting("aws-bedrock-key", "bedrock-api-key-", "base64", 40, undefined, 11),
  ...starting("google-key", "AIza", "base64url", 35, 35),
  ...starting("google-key", "AQ.Ab8", "base64url", 40),
  ...starting("google-oauth-token", "ya29.", "dotted", 30),
  ...starting("google-oauth-token", "1//0", "base64url", 40),
  ...starting("google-client-secret", "GOCSPX-", "base64url", 24),
  ...starting("alibaba-access-key", "LTAI", "alphanumeric", 16, 26),
  ...starting("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", "hex", 64),
  ...starting("cloudflare-token", "cfut_ cfat_ cfk_", "alphanumeric", 40),
  ...starting("databricks-token", "dapi", "hex", 32, 32),
  ...starting("vault-token", "hvs. hvb. hvr.", "base64url", 24),
  ...starting("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", "dotted", 40),
  ...starting("pulumi-token", "pul-", "hex", 40, 40),
  ...starting("planetscale-secret", "pscale_tkn_ pscale_pw_ pscale_oauth_", "dotted", 32),
  ...starting("heroku-key", "HRKU-", "base64url", 36),
  ...starting("netlify-token", "nfp_", "alphanumeric", 36),
  ...starting("fly-token", "fm2_ fm1r_ fm1a_", "base64", 80),
  ...starting("supabase-key", "sbp_", "hex", 40),
  ...starting("supabase-key", "sb_secret_", "base64url", 20),
  ...starting("tailscale-key", "tskey-", "base64url", 20),
  ...starting("1password-token", "ops_eyJ", "base64url", 100),
  ...starting("age-key", "AGE-SECRET-KEY-1", "capital", 58, 58, 10),

  // Watching
  ...starting("sentry-token", "sntrys_ sntryu_", "token68", 40),
  ...starting("grafana-token", "glsa_ glc_", "token68", 32),
  ...starting("new-relic-key", "NRAK- NRII- NRJS-", "base64url", 19),
  ...starting("dynatrace-token", "dt0c01.", "dotted", 60),
  ...starting("posthog-key", "phx_", "alphanumeric", 40),

  // Messages and money
  ...starting(
    "slack-token",
    "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxc- xoxd- xoxe- xapp-",
    "path",
    20,
  ),
  ...starting("slack-token", "xoxe.xox", "dotted", 20),
  hook("slack-webhook", "hooks.slack.com/services/", 4),
  hook("slack-webhook", "hooks.slack.com/workflows/", 4),
  hook("slack-webhook", "hooks.slack.com/triggers/", 4),
  hook("discord-webhook", "discord.com/api/webhooks/", 15),
  hook("discord-webhook", "discordapp.com/api/webhooks/", 18),
  hook("teams-webhook", "webhook.office.com/webhookb2/", 22),
  ...starting("twilio-key", "SK", "hex", 32, 32),
  ...starting("sendgrid-key", "SG.", "dotted", 60),
  ...starting("mailgun-key", "key-", "hex", 32, 32),
  ...starting("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_", "alphanumeric", 20),
  ...starting("webhook-secret", "whsec_", "base64", 24),
  ...starting("shopify-token", "shpat_ shpca_ shppa_ shpss_", "hex", 32),
  ...starting("square-token", "sq0atp- sq0csp-", "base64url", 22),
];

const hexadecimal = "0123456789abcdef";

const firstOf = (body: CharacterClass) =>
  body === "hex" ? hexadecimal : body === "alphanumeric" ? alphanumerics : `${alphanumerics}_-`;

const sign = ({ body, prefix, sign: from }: Format): Sign => {
  const at = (offset: number) => prefix[from + offset] ?? firstOf(body);
  return [at(0), at(1), at(2), at(3)];
};

const isJoint = (character: string | undefined) => character === "_" || character === "-";

const isExact = ({ most }: Format) => most !== Number.POSITIVE_INFINITY;

const ruleOf = (format: Format): Rule => {
  const { body, kept, least, most, prefix, what } = format;
  return {
    signs: [sign(format)],
    find: (text, at) => {
      const start = at - 4 - format.sign;
      if (!beginsWord(text, start) || !text.startsWith(prefix, start)) return undefined;
      // In the midst of a run of its own characters it would be chance.
      if (isJoint(text[start - 1]) && belongs(text, start - 1, body)) return undefined;
      const first = start + prefix.length;
      // What is refused costs no more than the fewest characters; what is taken is read once.
      if (!looksRandom(text, first, first + Math.min(least, 20))) return undefined;
      const enough = runEnd(text, first, body, least);
      if (enough - first < least) return undefined;
      let end = runEnd(text, enough, body, most - least + 1);
      if (end - first > most || (isExact(format) && belongs(text, end, "alphanumeric"))) {
        return undefined;
      }
      // The dot that ends a sentence is not of the key.
      while (end > enough && text[end - 1] === ".") end--;
      return { start: start + kept, end, what };
    },
  };
};

/** A rule for each beginning. */
export const formatRules: ReadonlyArray<Rule> = formats.map(ruleOf);
