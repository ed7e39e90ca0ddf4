// Authorities and certificates for tests of TLS, made on the spot: X.509 in the few lines of DER that it takes.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

const tlv = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};

const sequence = (...parts: ReadonlyArray<Uint8Array>) => tlv(0x30, ...parts);
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, "hex"));
const integer = (bytes: Uint8Array) => tlv(0x02, bytes);
const yes = tlv(0x01, Buffer.from([0xff]));
const time = (text: string) => tlv(0x17, Buffer.from(text));
const bits = (bytes: Uint8Array) => tlv(0x03, Buffer.from([0]), bytes);

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const validity = sequence(time("200101000000Z"), time("491231235959Z"));

const commonName = (name: string) =>
  sequence(tlv(0x31, sequence(oid("550403"), tlv(0x0c, Buffer.from(name)))));

const mayIssue = sequence(oid("551d13"), yes, tlv(0x04, sequence(yes)));

const alternativeNames = (names: ReadonlyArray<string>) =>
  sequence(
    oid("551d11"),
    tlv(
      0x04,
      sequence(
        ...names.map((name) =>
          /^[\d.]+$/.test(name)
            ? tlv(0x87, Buffer.from(name.split(".").map(Number)))
            : tlv(0x82, Buffer.from(name)),
        ),
      ),
    ),
  );

const pem = (der: Uint8Array) => {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
};

const certify = (certificate: {
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly subject: string;
  readonly subjectKey: KeyObject;
  readonly extension: Uint8Array;
}) => {
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(certificate.issuer),
    validity,
    commonName(certificate.subject),
    certificate.subjectKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(certificate.extension)),
  );
  const signature = sign("sha256", body, certificate.issuerKey);
  return pem(sequence(body, ecdsaWithSha256, bits(signature)));
};

const newKeys = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });

/** An authority, with its own certificate in PEM. */
export const makeAuthority = (name: string) => {
  const keys = newKeys();
  return {
    certificate: certify({
      issuer: name,
      issuerKey: keys.privateKey,
      subject: name,
      subjectKey: keys.publicKey,
      extension: mayIssue,
    }),
    /** A server's certificate for these names and addresses, and its key. */
    issue: (names: ReadonlyArray<string>) => {
      const server = newKeys();
      return {
        certificate: certify({
          issuer: name,
          issuerKey: keys.privateKey,
          subject: names[0] ?? "",
          subjectKey: server.publicKey,
          extension: alternativeNames(names),
        }),
        key: server.privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
};
