// Asks the registry for known faults of the locked packages, and fails on a high or critical one.
// Where nobody answers it says so and goes on: the network is not the code's fault.
import { root } from "./parts.ts";

const child = Bun.spawn([process.execPath, "audit", "--json", "--audit-level=high"], {
  cwd: root,
  stdin: "ignore",
  stdout: "pipe",
  stderr: "pipe",
});
const [out, err, code] = await Promise.all([
  child.stdout.text(),
  child.stderr.text(),
  child.exited,
]);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const findings = parse(out);
if (typeof findings !== "object" || findings === null) {
  const status = / - ([1-5]\d\d)\s*$/.exec(err)?.[1];
  const reason = status === undefined ? "it cannot be reached" : `it answered ${status}`;
  console.log(`Dependency audit skipped: ${reason}, the audit service of the registry in use.`);
} else if (code === 0 || Object.keys(findings).length === 0) {
  console.log("Dependency audit: no known fault of high severity.");
} else {
  console.log(JSON.stringify(findings, null, 2));
  console.log(
    `Dependency audit: known faults of high severity in ${Object.keys(findings).join(", ")}. ` +
      "`bun audit fix` raises the versions.",
  );
  process.exit(1);
}
