/** TLS of Dewey's own, and the proxies in front of it that may speak for their clients. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Redacted, Result } from "effect";
import type { EnvironmentReader } from "./EnvironmentReader.ts";

/** A value that was given as PEM, or as the path of a file that is read again when it changes. */
type PemSource =
  | { readonly _tag: "Pem"; readonly pem: Redacted.Redacted }
  | { readonly _tag: "File"; readonly path: string };

/** Where certificate and key are. */
export interface TlsSettings {
  readonly cert: PemSource;
  readonly key: PemSource;
}

/** Certificate and key as they are now. */
export interface LoadedCertificate {
  readonly cert: string;
  readonly key: string;
}

const sourceOf = (
  reader: EnvironmentReader,
  name: "DEWEY_TLS_CERT" | "DEWEY_TLS_KEY",
  value: string,
): PemSource => {
  const file = reader.fileOf(name);
  if (file !== undefined) return { _tag: "File", path: file };
  return value.includes("-----BEGIN")
    ? { _tag: "Pem", pem: Redacted.make(value) }
    : { _tag: "File", path: value };
};

const pemOf = (source: PemSource): string =>
  source._tag === "Pem" ? Redacted.value(source.pem) : readFileSync(source.path, "utf8");

/** Reads what the settings name, or says which of the two is wrong, without showing any of it. */
export const loadCertificate = (
  tls: TlsSettings,
): Result.Result<
  LoadedCertificate,
  { readonly name: "DEWEY_TLS_CERT" | "DEWEY_TLS_KEY"; readonly expected: string }
> => {
  const cert = Result.try(() => {
    const pem = pemOf(tls.cert);
    return { pem, certificate: new X509Certificate(pem) };
  });
  if (Result.isFailure(cert)) {
    return Result.fail({
      name: "DEWEY_TLS_CERT",
      expected: "a certificate in PEM with its chain, or the path of its file",
    });
  }
  const key = Result.try(() => {
    const pem = pemOf(tls.key);
    return { pem, fits: cert.success.certificate.checkPrivateKey(createPrivateKey(pem)) };
  });
  return Result.isSuccess(key) && key.success.fits
    ? Result.succeed({ cert: cert.success.pem, key: key.success.pem })
    : Result.fail({
        name: "DEWEY_TLS_KEY",
        expected:
          "the certificate's private key in PEM without a passphrase, or the path of its file",
      });
};

/** The files that a new certificate comes in. */
export const certificateFiles = ({ cert, key }: TlsSettings): ReadonlyArray<string> =>
  [cert, key].flatMap((source) => (source._tag === "File" ? [source.path] : []));

/** Reads the certificate to serve with, if there is one. */
export const readTlsSettings = (reader: EnvironmentReader): TlsSettings | undefined => {
  const cert = reader.text("DEWEY_TLS_CERT");
  const key = reader.text("DEWEY_TLS_KEY");
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    if (reader.isSet("DEWEY_TLS_CERT") && reader.isSet("DEWEY_TLS_KEY")) return undefined;
    reader.mistakes.push("DEWEY_TLS_CERT and DEWEY_TLS_KEY belong together: set both, or none.");
    return undefined;
  }
  const tls: TlsSettings = {
    cert: sourceOf(reader, "DEWEY_TLS_CERT", cert),
    key: sourceOf(reader, "DEWEY_TLS_KEY", key),
  };
  const loaded = loadCertificate(tls);
  if (Result.isFailure(loaded)) {
    const { name, expected } = loaded.failure;
    reader.wrong(name, name === "DEWEY_TLS_CERT" ? cert : key, expected);
  }
  return tls;
};

const parseNetwork = (item: string): string | undefined => {
  const [address = "", bits, ...more] = item.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return undefined;
  if (bits === undefined) return item;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32) ? item : undefined;
};

/** Reads the addresses and networks of proxies. */
export const readTrustedProxies = (reader: EnvironmentReader): ReadonlyArray<string> =>
  reader.list(
    "DEWEY_TRUSTED_PROXIES",
    [],
    parseNetwork,
    "addresses and networks such as 10.0.0.7 or 10.0.0.0/8",
  );
