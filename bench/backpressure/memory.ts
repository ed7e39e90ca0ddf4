// The memory of another process over time.

const MiB = 1024 * 1024;

/** What a process takes of the machine's memory now, in MiB. */
export const residentMiB = (pid: number): number => {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)], { stdin: "ignore" });
  return (Number(stdout.toString().trim()) * 1024) / MiB;
};

/** Looks four times a second until it is told to stop, and then gives what it saw. */
export const watch = (pid: number) => {
  const seen: Array<number> = [residentMiB(pid)];
  const timer = setInterval(() => seen.push(residentMiB(pid)), 250);
  return () => {
    clearInterval(timer);
    seen.push(residentMiB(pid));
    return seen;
  };
};
