// What stations are offered over TLS (OCPP security profiles 2 and 3) and who they prove to be by it; it must never log what is in a key file.

import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { StationsTls } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';

/**
 * The suites of the 1.6 security white paper (A00.FR.308) that keep past traffic secret when a key is lost, with their counterparts for RSA
 * certificates and TLS 1.3. Its two TLS_RSA suites are left out for the lack of that.
 */
export const TLS_SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
] as const;

/** How long a station may resume its session with a ticket, and be taken for whoever it proved to be. */
export const SESSION_TIMEOUT_SECONDS = 300;

/** Reads the files anew. @throws AppError OCPP_TLS_FILES where one cannot be read, or they do not belong together */
export function readTls(tls: StationsTls): SecureContextOptions {
  const [cert, key] = [read(tls.certificateFile), read(tls.keyFile)];
  const options: SecureContextOptions = {
    cert,
    key,
    ...(tls.clientCaFile === undefined ? {} : { ca: read(tls.clientCaFile) }),
    minVersion: 'TLSv1.2',
    ciphers: TLS_SUITES.join(':'),
    honorCipherOrder: true,
    sessionTimeout: SESSION_TIMEOUT_SECONDS,
    // A handshake is the most expensive thing that a stranger can ask for: one for each connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  try {
    createSecureContext(options);
    // OpenSSL takes a key of another kind than the certificate's without a word, and then has nothing to show.
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('the key is another one');
  } catch (cause) {
    const text = `The certificate in ${tls.certificateFile} and the key in ${tls.keyFile} cannot be used together; "busbar check" tells what is wrong with them.`;
    throw new AppError('OCPP_TLS_FILES', text, { certificateFile: tls.certificateFile }, { cause });
  }
  return options;
}

/**
 * The common name in the certificate that the client has proved to own; the handshake has checked it against the authorities before.
 * `undefined` without a certificate, and where it has no common name or several.
 */
export function certifiedName(socket: Duplex): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? cause.code : String(cause);
    const text = `${path} of listen.stations.tls cannot be read (${why}); put the file there, readable for the user that Busbar runs as.`;
    throw new AppError('OCPP_TLS_FILES', text, { path }, { cause });
  }
}
