/** Where a request really comes from and what it was really sent to, when a trusted proxy handed it on. */
import { BlockList, isIP } from "node:net";

/** A request as its client sent it. */
export interface Origin {
  readonly remoteAddress: string;
  /** What the client called this server by, as in the `Host` header. */
  readonly host: string | null;
  readonly url: URL;
}

/** IPv4 as it stands alone: a socket that speaks both shows it as `::ffff:10.0.0.1`. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

const listOf = (addresses: ReadonlyArray<string>): BlockList => {
  const list = new BlockList();
  for (const item of addresses) {
    const [address = "", bits] = item.split("/");
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
};

const itemsOf = (header: string | null): ReadonlyArray<string> =>
  (header ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** An address as proxies write it: some put a port behind it, or an IPv6 address in brackets. */
const addressOf = (item: string): string | undefined => {
  const address = plain(
    item.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1"),
  );
  return isIP(address) === 0 ? undefined : address;
};

/** Makes what reads requests; `trusted` are the addresses and networks (`10.0.0.0/8`) of proxies. */
export const originReader = (trusted: ReadonlyArray<string>) => {
  const proxies = listOf(trusted);
  const isTrusted = (address: string) =>
    trusted.length > 0 && isIP(address) !== 0 && proxies.check(address, familyOf(address));

  return (request: Request, socketAddress: string): Origin => {
    const { headers } = request;
    const peer = plain(socketAddress);
    const url = new URL(request.url);
    if (!isTrusted(peer)) return { remoteAddress: peer, host: headers.get("host"), url };
    // Each proxy adds the address that it was called from at the end: behind the last one that is not ours, anybody
    // may have written anything.
    const hops = itemsOf(headers.get("x-forwarded-for")).map(addressOf);
    const firstForeign = hops.findLastIndex((hop) => hop === undefined || !isTrusted(hop));
    const remoteAddress = hops[Math.max(firstForeign, 0)] ?? peer;
    const protocol = itemsOf(headers.get("x-forwarded-proto")).at(-1);
    if (protocol === "https" || protocol === "http") url.protocol = protocol;
    const host = itemsOf(headers.get("x-forwarded-host")).at(-1) ?? headers.get("host");
    if (host !== null && URL.canParse(`http://${host}`)) {
      // Without a port of its own the name would keep ours.
      url.port = "";
      url.host = host;
    }
    return { remoteAddress, host, url };
  };
};
