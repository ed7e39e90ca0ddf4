/** The version of this program, as the package states it. */
import manifest from "../../package.json" with { type: "json" };

export const version: string = manifest.version;
