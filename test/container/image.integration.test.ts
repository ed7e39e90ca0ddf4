// The image of the Dockerfile: built, and run as its users run it.
import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { GenericContainer, type StartedTestContainer, Wait } from "testcontainers";
import manifest from "../../package.json" with { type: "json" };
import { connect } from "../cli/caller.ts";
import { skipUnless } from "../support/it.ts";
import { engine, noEngine } from "./engine.ts";

const root = join(import.meta.dir, "../..");
const check = skipUnless(engine !== undefined, noEngine);
const image = `dewey-test-${randomUUID().slice(0, 8)}`;
const volumes: Array<string> = [];

/** A container as strict clusters run it: another user, nothing to write but the volume. */
class StrictContainer extends GenericContainer {
  strict(): this {
    this.hostConfig.ReadonlyRootfs = true;
    return this.withUser("12345:0")
      .withDroppedCapabilities("ALL")
      .withSecurityOpt("no-new-privileges");
  }
}

const newVolume = (): string => {
  const name = `${image}-${volumes.length}`;
  volumes.push(name);
  return name;
};

const container = (volume: string) =>
  new StrictContainer(image)
    .withExposedPorts(9020)
    .withBindMounts([{ source: volume, target: "/var/lib/dewey" }])
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(60_000);

const at = (started: StartedTestContainer) => `${started.getHost()}:${started.getMappedPort(9020)}`;

/** Stops a container as `docker stop` does; its exit code, and the end of its database's log. */
const stop = async (started: StartedTestContainer): Promise<number> => {
  if (engine === undefined) throw new Error(noEngine);
  await started.stop({ remove: false, timeout: 10_000 });
  const stopped = engine.container.getById(started.getId());
  const { State } = await engine.container.inspect(stopped);
  await engine.container.remove(stopped);
  return State.ExitCode;
};

/** The headers with the token that the container made for itself. */
const withToken = async (started: StartedTestContainer) => {
  const { output } = await started.exec(["cat", "/var/lib/dewey/access-tokens"]);
  return { authorization: `Bearer ${/^owner:([\w-]+):/m.exec(output)?.[1] ?? ""}` };
};

const databaseLog = async (started: StartedTestContainer): Promise<string> =>
  (await started.exec(["cat", "/var/lib/dewey/postgres.log"])).output;

describe("the image", () => {
  afterAll(async () => {
    for (const name of volumes) await engine?.container.dockerode.getVolume(name).remove();
    if (engine !== undefined) await engine.container.dockerode.getImage(image).remove();
  });

  check(
    "is built from a checkout",
    async () => {
      await GenericContainer.fromDockerfile(root).build(image, { deleteOnExit: false });
    },
    170_000,
  );

  check(
    "serves, stops cleanly with 0, and its data is there in the next container on the volume",
    async () => {
      const volume = newVolume();
      const first = await container(volume).start();
      {
        const health = await fetch(`http://${at(first)}/health`);
        expect(health.status).toBe(200);
        using caller = await connect(at(first), await withToken(first));
        const written = await caller.call("write_context", { key: "plan", content: "keep" });
        expect(written).toMatchObject({ version: 1 });
      }
      expect(await stop(first)).toBe(0);

      const second = await container(volume).start();
      {
        using caller = await connect(at(second), await withToken(second));
        const found = await caller.call("read_context", { key: "plan" });
        expect(found).toMatchObject({ content: "keep" });
      }
      const log = await databaseLog(second);
      expect(log).toContain("database system is shut down");
      expect(log).not.toContain("not properly shut down");
      expect(await stop(second)).toBe(0);
    },
    100_000,
  );

  check(
    "runs as any user, on a file system that is read-only but for the volume",
    async () => {
      const started = await container(newVolume()).strict().start();
      expect((await started.exec(["id", "-u"])).output.trim()).toBe("12345");
      expect((await started.exec(["touch", "/app/x"])).exitCode).not.toBe(0);
      using caller = await connect(at(started), await withToken(started));
      expect(await caller.call("list_context", {})).toMatchObject({ total: 0 });
      expect(await stop(started)).toBe(0);
    },
    60_000,
  );

  check(
    "holds nothing of the checkout but what runs",
    async () => {
      const started = await container(newVolume()).start();
      const { output } = await started.exec(["ls", "-A", "/app"]);
      expect(output.trim().split(/\s+/)).toEqual([
        "bun.lock",
        "bunfig.toml",
        "migrations",
        "node_modules",
        "package.json",
        "src",
      ]);
      expect(await stop(started)).toBe(0);
    },
    60_000,
  );
});

test("the Dockerfile's Bun is the one that the project names", async () => {
  const file = await Bun.file(join(root, "Dockerfile")).text();
  const named = manifest.devDependencies["bun-types"];
  const bases = [...file.matchAll(/^FROM oven\/bun:([\d.]+)-slim/gm)].map(([, version]) => version);
  expect(bases).toEqual([named, named]);
});
