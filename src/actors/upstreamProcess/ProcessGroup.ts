/** A child with everything in its process group, and how they are brought to an end. */
import { Effect } from "effect";

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** Nothing tells when a whole group is gone: it has to be looked at. */
const lookMillis = 20;

/** The group of a child that leads it. Once it was seen empty its number may be somebody else's, and is not used again. */
export class ProcessGroup {
  readonly #child: Child;
  readonly #graceMillis: number;
  readonly #gone: () => void;
  #isRunning = true;
  #isGone = false;

  /** `gone` is called once, when nobody is left in the group. */
  constructor(child: Child, graceMillis: number, gone: () => void) {
    this.#child = child;
    this.#graceMillis = graceMillis;
    this.#gone = gone;
    void child.exited.then(() => {
      this.#isRunning = false;
      this.#look();
    });
  }

  /** Ends the child's input, then sends SIGTERM, then SIGKILL, each after the grace. */
  get end(): Effect.Effect<void> {
    return Effect.promise(async () => {
      void Promise.resolve(this.#child.stdin.end()).catch(() => {});
      // What a child left behind has no input that could end.
      if (this.#isRunning) await this.#wait();
      this.#signal("SIGTERM");
      await this.#wait();
      this.#signal("SIGKILL");
      await this.#child.exited;
    });
  }

  /** Waits until nobody is left, within the grace. */
  async #wait(): Promise<void> {
    const until = performance.now() + this.#graceMillis;
    await Promise.race([this.#child.exited, Bun.sleep(this.#graceMillis)]);
    while (this.#look() && performance.now() < until) await Bun.sleep(lookMillis);
  }

  /** Whether somebody is left. */
  #look(): boolean {
    return this.#signal(0);
  }

  #signal(signal: NodeJS.Signals | 0): boolean {
    if (this.#isGone) return false;
    try {
      return process.kill(-this.#child.pid, signal);
    } catch {
      // A child that has ended is in its group until it is waited for, so that it cannot be empty before.
      this.#isGone = true;
      this.#gone();
      return false;
    }
  }
}
