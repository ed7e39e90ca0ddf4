// The command line and the start's refusals, by running the program; nothing here gets as far as a database.
import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { runDewey } from "./program.ts";

const outcome = async (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
) => {
  await using program = runDewey(args, environment);
  const code = await program.exited;
  return { code, out: program.out.text, err: program.err.text };
};

describe("the command line", () => {
  test("--version is the plain version of the package", async () => {
    expect(await outcome(["--version"])).toEqual({ code: 0, out: manifest.version, err: "" });
  });

  test("--help names every command, and only flags that do something", async () => {
    const { code, err, out } = await outcome(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const name of ["start", "stdio", "migrate", "--help", "--version"]) {
      expect(out).toContain(name);
    }
    expect(out).not.toMatch(/wizard|completions|log-level/);
  });

  for (const command of ["start", "stdio", "migrate"]) {
    test(`${command} --help says what it does`, async () => {
      const { code, err, out } = await outcome([command, "--help"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toContain(`dewey ${command}`);
    });
  }

  test("without a command it shows its help", async () => {
    const { code, out } = await outcome([]);
    expect(code).toBe(0);
    expect(out).toContain("dewey <subcommand>");
  });

  const mistakes: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["serve"], 'Unknown subcommand "serve"'],
    [["start", "--port", "1"], "Unrecognized flag: --port"],
    [["start", "now"], 'Unexpected positional argument: "now"'],
    [["--wizard"], "Unrecognized flag: --wizard"],
  ];
  for (const [args, expected] of mistakes) {
    test(`\`${args.join(" ")}\` is refused with a word on why`, async () => {
      const { code, err } = await outcome(args);
      expect(code).toBe(1);
      expect(err).toContain(expected);
      expect(err).not.toContain("Dewey stops");
    });
  }
});

describe("a wrong configuration", () => {
  test("stops with a line for every mistake and no secret, before anything is created", async () => {
    const { code, err, out } = await outcome(["start"], {
      DEWEY_DATABASE_URL: "postgres://me:hunter2@db/notes#1",
      DEWEY_DB_PASSWORD: "hunter2",
      DEWEY_MCP_PORT: "high",
      DEWEY_LOG_FORMAT: "xml",
    });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.split("\n")).toEqual([
      "Dewey stops: The configuration is wrong:",
      "  DEWEY_DATABASE_URL has a #. Write it as %23.",
      '  DEWEY_MCP_PORT is "high": expected a whole number from 0 to 65535.',
      '  DEWEY_LOG_FORMAT is "xml": expected pretty or json.',
    ]);
    expect(err).not.toContain("hunter2");
  });

  test("a bind beyond loopback is refused with what to set", async () => {
    const { code, err } = await outcome(["start"], { DEWEY_MCP_HOST: "0.0.0.0" });
    expect(code).toBe(1);
    expect(err).toContain("set DEWEY_AUTH=none if that is meant");
  });
});
