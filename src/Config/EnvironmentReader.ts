/** Reads settings one by one, and collects every mistake instead of stopping at the first. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Result } from "effect";
import { isSetting, type VariableName, variables } from "./variables.ts";

/** What a process was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value for a message: quoted, and not longer than a line. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** An address or a name that may belong to a host; what may be a mistyped URL or `host:port` is neither. */
export const isHostName = (text: string): boolean =>
  isIP(text) !== 0 || /^[a-z0-9_](?:[a-z0-9_.-]{0,252})$/i.test(text);

const unitMillis = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["min", 60_000],
]);

const unitBytes = new Map([
  ["b", 1],
  ["k", 1024],
  ["m", 1024 ** 2],
  ["g", 1024 ** 3],
]);

const sizeText = (bytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = units.findLastIndex((_, index) => bytes % 1024 ** index === 0);
  return `${bytes / 1024 ** power} ${units[power]}`;
};

const durationText = (millis: number): string =>
  millis % 1000 === 0 ? `${millis / 1000} s` : `${millis} ms`;

/** The settings of one environment. What is wrong in it is in `mistakes`; a wrong value reads as its fallback. */
export class EnvironmentReader {
  readonly mistakes: Array<string> = [];
  readonly warnings: Array<string> = [];
  readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  /** The value of `name`, or the content of the file that `name_FILE` names; an empty variable is not set. */
  text(name: VariableName): string | undefined {
    const value = this.environment[name] || undefined;
    const path = this.environment[`${name}_FILE`] || undefined;
    if (path === undefined) return value;
    if (value !== undefined) {
      this.mistakes.push(`${name} and ${name}_FILE are both set: set only one of them.`);
      return undefined;
    }
    const content = Result.try(() => readFileSync(path, "utf8").replace(/\r?\n$/, ""));
    if (Result.isSuccess(content) && content.success !== "") return content.success;
    this.mistakes.push(
      `${name}_FILE is ${shown(path)}: expected a file that can be read and is not empty.`,
    );
    return undefined;
  }

  /** The path of the file that a value comes from, if it comes from one. */
  fileOf(name: VariableName): string | undefined {
    return this.environment[`${name}_FILE`] || undefined;
  }

  /** Whether a variable is given in either way. */
  isSet(name: VariableName): boolean {
    return Boolean(this.environment[name]) || Boolean(this.environment[`${name}_FILE`]);
  }

  /** Notes that a value is not what was expected. */
  wrong(name: VariableName, value: string, expected: string): void {
    const isSecret = "secret" in variables[name];
    this.mistakes.push(`${name} is ${isSecret ? "wrong" : shown(value)}: expected ${expected}.`);
  }

  integer(name: VariableName, fallback: number, minimum: number, maximum: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    this.wrong(name, text, `a whole number from ${minimum} to ${maximum}`);
    return fallback;
  }

  /** A time such as `5`, `5 s`, `500ms` or `2 min`, in milliseconds; a bare number is seconds. */
  duration(name: VariableName, fallback: number, minimum: number, maximum: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const [, amount, unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|min)?$/.exec(text) ?? [];
    const value = Math.round(Number(amount) * (unitMillis.get(unit) ?? Number.NaN));
    if (value >= minimum && value <= maximum) return value;
    const range = `from ${durationText(minimum)} to ${durationText(maximum)}`;
    this.wrong(name, text, `a time such as "5s" or "500ms", ${range}`);
    return fallback;
  }

  /** A size such as `65536`, `64KiB`, `64 kb` or `10 GiB`, in bytes; every unit counts in 1024s. */
  size(name: VariableName, fallback: number, minimum: number, maximum: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const [, amount, unit = "b"] = /^(\d{1,15})\s*(b|[kmg]i?b?)?$/i.exec(text) ?? [];
    const value = Number(amount) * (unitBytes.get(unit.charAt(0).toLowerCase()) ?? Number.NaN);
    if (value >= minimum && value <= maximum) return value;
    const range = `from ${sizeText(minimum)} to ${sizeText(maximum)}`;
    this.wrong(name, text, `a size such as "65536", "64KiB" or "10GiB", ${range}`);
    return fallback;
  }

  oneOf<const Value extends string>(
    name: VariableName,
    values: ReadonlyArray<Value>,
  ): Value | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.wrong(name, text, values.join(" or "));
    return value;
  }

  /** Items between commas; what `parse` returns undefined for is a mistake. */
  list(
    name: VariableName,
    fallback: ReadonlyArray<string>,
    parse: (item: string) => string | undefined,
    expected: string,
  ): ReadonlyArray<string> {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const items = text.split(",").map((item) => item.trim());
    return items
      .filter((item) => item !== "")
      .flatMap((item) => {
        const value = parse(item);
        if (value === undefined) this.wrong(name, item, `${expected}, separated by commas`);
        return value ?? [];
      });
  }

  /** Warns about variables that look like settings and are none. */
  warnOfUnknown(): void {
    for (const name of Object.keys(this.environment)) {
      if (name.startsWith("DEWEY_") && !name.startsWith("DEWEY_TEST_") && !isSetting(name)) {
        this.warnings.push(`${name} is not a setting of Dewey and is ignored.`);
      }
    }
  }
}
