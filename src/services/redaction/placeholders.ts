/** Values that stand where a secret would, and are none: variables, masks, words of instructions, what was redacted. */

const variable =
  /^(?:\[REDACTED:|<[^<>]*>$|\$\{|\$\(|\$[A-Z_][A-Z0-9_]*$|\{\{?[^{}]*\}?\}$|%[sd@]$|%\([^)]*\)s$|%[A-Z_]{2,}%$|[*•.…_-]+$|(?:x|X){3,}$|process\.env\b|os\.(?:environ|getenv)\b)/;

const word =
  /^(?:string|str|text|boolean|number|object|function|null|nil|none|undefined|true|false|yes|no|empty|optional|required|hidden|redacted|masked|removed|password|passwd|pass|passphrase|secret|token|bearer|key|api[_-]?key|value|changeme|example|your[-_ ].*|my[-_ ](?:secret|token|password|api[-_ ]?key)|.{0,20}[-_ ]here|(?:access|refresh|api|auth|bearer|id)[-_ ]?(?:token|key))[!?]?$/i;

/** Longer ones are no words. */
const longest = 64;

/** What a field of a form is called. */
const label =
  /^[A-Z]\w* (?:\w+ ){0,3}(?:password|passphrase|secret|token|key)s?:?$|^(?:Password|Secret|Token|Key):$/i;

/** Whether nothing would be hidden by taking that value out. */
export const isPlaceholder = (value: string): boolean =>
  variable.test(value) || (value.length <= longest && (word.test(value) || label.test(value)));

const functionWord =
  /(?:^|\s)(?:is|are|must|should|can|may|the|your|an?|to|for|of|at|be|enter|invalid|wrong|incorrect|forgot|change|reset|show|hide|use|set)\s/i;
const subject =
  /pass(?:word|phrase)|secret|\bkeys?\b|tokens?\b|characters?\b|credential|\b(?:short|long|required|invalid|match|minimum|user|account|login|field|value)\b/i;

/**
 * Whether it is a sentence of an interface or a schema, about the secret: not a passphrase, which says anything else.
 */
export const isProse = (value: string): boolean => functionWord.test(value) && subject.test(value);
