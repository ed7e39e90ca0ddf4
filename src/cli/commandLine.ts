/** What the command line needs: the services of the platform, and the flags and texts that make sense for Dewey. */
import { BunServices } from "@effect/platform-bun";
import { Layer } from "effect";
import { CliConfig, CliOutput, GlobalFlag } from "effect/unstable/cli";

const standard = CliOutput.defaultFormatter();

const formatter = CliOutput.layer({
  formatHelpDoc: standard.formatHelpDoc,
  formatCliError: standard.formatCliError,
  formatError: standard.formatError,
  formatErrors: standard.formatErrors,
  // Alone on its line: scripts compare it.
  formatVersion: (_name, version) => version,
});

// The level of the log is DEWEY_LOG_LEVEL; commands without flags have nothing to ask for or to complete.
const flags = CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] });

/** The surroundings of `Command.run`. */
export const commandLineLayer = Layer.mergeAll(BunServices.layer, formatter, flags);
