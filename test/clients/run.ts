// Installs the real clients, and prints which of them connect to a live Dewey, over which transports. Ends with 1 where
// one does not that should, or one does that should not.
import { clients, install, isInstalled } from "./installation.ts";
import { runTrial } from "./runTrial.ts";
import { entrances, startServers } from "./servers.ts";
import { trials } from "./trials.ts";

if (!(await isInstalled())) await install();

const faults: Array<string> = [];
{
  await using servers = await startServers();
  const row = (cells: ReadonlyArray<string>) =>
    console.log(
      cells
        .map((cell) => cell.padEnd(22))
        .join("")
        .trimEnd(),
    );
  row(["client", "transport", ...entrances]);
  for (const trial of trials) {
    const { title, version } = clients[trial.client];
    const cells: Array<string> = [];
    for (const entrance of entrances) {
      // Nobody asks for a token over stdio.
      if (trial.transport === "stdio" && entrance !== "without tokens") continue;
      const { connected, output } = await runTrial(trial, servers.targets[entrance]);
      cells.push(connected ? "connected" : "not connected");
      if (connected === (entrance === "with a wrong token")) {
        faults.push(`${title}, ${trial.transport}, ${entrance}:\n${output}`);
      }
    }
    row([`${title} ${version}`, trial.transport, ...cells]);
  }
}
for (const fault of faults) console.log(`\nFAULT  ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
