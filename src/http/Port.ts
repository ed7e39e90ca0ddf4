/** One port, whose server can make room for one with another certificate while its open connections go on. */
import type { Server } from "bun";

/** The servers of one port: one that accepts, and those before it that still have connections. */
export class Port<Data> {
  readonly number: number;
  #current: Server<Data>;
  /** With what resolves once the last connection of each has ended. */
  readonly #stopping = new Map<Server<Data>, Promise<void>>();
  #isStopped = false;

  constructor(server: Server<Data>) {
    this.#current = server;
    this.number = server.port ?? 0;
  }

  /**
   * Puts another server in the place of the one that accepts. Bun cannot give a certificate to one that runs, and two
   * at once could not share the port; nothing comes between the end of the one and the start of the other.
   */
  replace(serve: (port: number) => Server<Data>): void {
    if (this.#isStopped) return;
    this.#stop(this.#current);
    this.#current = serve(this.number);
  }

  /** Accepts nothing new from now on; resolves when every connection has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (!this.#stopping.has(this.#current)) this.#stop(this.#current);
    await Promise.all(this.#stopping.values());
  }

  /** Cuts off what is still connected. */
  async cutOff(): Promise<void> {
    this.#isStopped = true;
    const servers = new Set([this.#current, ...this.#stopping.keys()]);
    await Promise.all(Array.from(servers, (server) => server.stop(true)));
  }

  #stop(server: Server<Data>): void {
    const stopped = server.stop();
    this.#stopping.set(server, stopped);
    const forget = () => {
      if (server !== this.#current) this.#stopping.delete(server);
    };
    stopped.then(forget, forget);
  }
}
