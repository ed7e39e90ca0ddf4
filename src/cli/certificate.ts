/** The certificate that the settings name, and the newer ones that take its place while Dewey serves. */
import { Duration, Effect } from "effect";
import { certificateFiles, loadCertificate, type TlsSettings } from "../Config/tlsSettings.ts";
import { ConfigError } from "../Config.ts";
import type { Certificate, Listening } from "../http/Listener.ts";
import { onFileChange } from "../services/fileChanges.ts";

/** How often the files are looked at. */
const every = Duration.seconds(1);

const isSame = (one: Certificate, other: Certificate): boolean =>
  one.cert === other.cert && one.key === other.key;

const load = (settings: TlsSettings) =>
  Effect.suspend(() => Effect.fromResult(loadCertificate(settings)));

/** The certificate that the settings name, as its files are now. */
export const readCertificate = (settings: TlsSettings): Effect.Effect<Certificate, ConfigError> =>
  Effect.mapError(
    load(settings),
    ({ name, expected }) =>
      new ConfigError({ mistakes: [`${name} is wrong: expected ${expected}.`] }),
  );

/** Has all listeners serve with each certificate that takes the place of the first one; never returns. */
export const renewCertificate = (
  settings: TlsSettings,
  first: Certificate,
  listeners: ReadonlyArray<Listening>,
): Effect.Effect<void> => {
  let current = first;
  return onFileChange(
    certificateFiles(settings),
    every,
    load(settings).pipe(
      Effect.flatMap((newer) => {
        if (isSame(newer, current)) return Effect.void;
        current = newer;
        return Effect.andThen(
          Effect.forEach(listeners, ({ renew }) => renew(newer), { discard: true }),
          Effect.logInfo("Serving with a new certificate."),
        );
      }),
      Effect.catch(({ name, expected }) =>
        Effect.logError(
          `${name} is wrong now: expected ${expected}. The certificate from before is used on.`,
        ),
      ),
    ),
  );
};
