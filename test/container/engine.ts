// The container engine of this machine, where there is one.
import { getContainerRuntimeClient } from "testcontainers";

/** What talks to the engine; undefined where none answers. */
export const engine = await getContainerRuntimeClient().catch(() => undefined);

/** Why tests that need one are skipped. */
export const noEngine = "no container engine answers on this machine";
