/** How much memory a JSON value takes, about: what its texts hold, and a little for everything else. */

const eachValue = 16;

/** About as many bytes as the value takes in memory, or as JSON. Text is not encoded for it. */
export const roughBytes = (value: unknown): number => {
  if (typeof value === "string") return eachValue + value.length;
  if (typeof value !== "object" || value === null) return eachValue;
  let bytes = eachValue;
  if (Array.isArray(value)) {
    for (const item of value) bytes += roughBytes(item);
  } else {
    // Not by `entries`, which makes an array for each: every answer is looked at.
    for (const key of Object.keys(value)) bytes += key.length;
    for (const item of Object.values(value)) bytes += roughBytes(item);
  }
  return bytes;
};
