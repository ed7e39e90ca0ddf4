/** The certificate that the settings name, and the newer ones that take its place while Dewey serves. */
import { Duration, Effect } from "effect";
import { certificateFiles, loadCertificate, type TlsSettings } from "../Config/tlsSettings.ts";
import { ConfigError } from "../Config.ts";
import type { Certificate, ListenOptions } from "../http/Listener.ts";
import { onFileChange } from "../services/fileChanges.ts";

/** How often the files are looked at. */
const every = Duration.seconds(1);

const isSame = (one: Certificate, other: Certificate): boolean =>
  one.cert === other.cert && one.key === other.key;

/** What a listener needs to serve with TLS. */
export const certificateOptions = Effect.fnUntraced(function* (
  settings: TlsSettings,
): Effect.fn.Return<Required<Pick<ListenOptions, "tls" | "renewals">>, ConfigError> {
  const load = Effect.suspend(() => Effect.fromResult(loadCertificate(settings)));
  const first = yield* Effect.mapError(
    load,
    ({ name, expected }) =>
      new ConfigError({ mistakes: [`${name} is wrong: expected ${expected}.`] }),
  );
  const files = certificateFiles(settings);
  let current: Certificate = first;

  const renewals: Required<ListenOptions>["renewals"] = (renew) =>
    onFileChange(
      files,
      every,
      load.pipe(
        Effect.flatMap((newer) => {
          if (isSame(newer, current)) return Effect.void;
          current = newer;
          return Effect.andThen(renew(newer), Effect.logInfo("Serving with a new certificate."));
        }),
        Effect.catch(({ name, expected }) =>
          Effect.logError(
            `${name} is wrong now: expected ${expected}. The certificate from before is used on.`,
          ),
        ),
      ),
    );
  return { tls: first, renewals };
});
