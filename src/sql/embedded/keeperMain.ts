// Runs a keeper from source without the rest of the program.
import { runKeeper } from "./keeperProcess.ts";

await runKeeper(process.argv.slice(2));
