/** Whether a URL leads back to where this proxy listens: an upstream there would call itself without end. */
import { hostname, networkInterfaces } from "node:os";

/** Where a listener stands. */
export interface ListenAddress {
  readonly host: string;
  /** 0, any free port, is nowhere that a file could name. */
  readonly port: number;
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, "").toLowerCase();

const isLoopback = (host: string): boolean =>
  host === "localhost" || host.endsWith(".localhost") || host === "::1" || host.startsWith("127.");

const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";

const ofThisMachine = (): ReadonlySet<string> =>
  new Set([
    hostname().toLowerCase(),
    ...Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses.map(({ address }) => address.toLowerCase()),
    ),
  ]);

const portOf = ({ port, protocol }: URL): number => {
  if (port !== "") return Number(port);
  return protocol === "https:" || protocol === "wss:" ? 443 : 80;
};

/** Tells the URLs that lead to the listener as far as that can be seen without asking the network. */
export const leadsTo = ({ host, port }: ListenAddress): ((url: URL) => boolean) => {
  const own = bare(host);
  return (url) => {
    if (port === 0 || portOf(url) !== port) return false;
    const asked = bare(url.hostname);
    if (asked === own) return true;
    const reachesLoopback = isLoopback(asked) || isWildcard(asked);
    if (isWildcard(own)) return reachesLoopback || ofThisMachine().has(asked);
    return isLoopback(own) && reachesLoopback;
  };
};
