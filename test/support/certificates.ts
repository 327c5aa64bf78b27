// Makes X.509 certificates (RFC 5280) with nothing but node:crypto, so that tests need no other program and no key lies in the repository.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** DER (X.690): a tag, the length, the content. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}
const sequence = (...members: readonly Uint8Array[]) => der(0x30, ...members);
const octets = (content: Uint8Array) => der(0x04, content);
const bits = (content: Uint8Array) => der(0x03, Buffer.from([0]), content);
const isTrue = der(0x01, Buffer.from([0xff]));
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const SHA256_WITH_RSA = sequence(oid('2a864886f70d01010b'), Buffer.from([5, 0]));
const COMMON_NAME = oid('550403');
const [KEY_IDENTIFIER, KEY_USAGE, ALTERNATIVE_NAMES, BASIC_CONSTRAINTS, AUTHORITY] = [
  '551d0e',
  '551d0f',
  '551d11',
  '551d13',
  '551d23',
].map(oid) as [Buffer, Buffer, Buffer, Buffer, Buffer];

const named = (commonName: string) =>
  sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName, 'utf8')))));
/** GeneralizedTime, whatever the year: no reader of certificates at hand minds. */
const time = (at: Date) => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
const keyIdOf = (publicKey: KeyObject) =>
  createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();

export type Authority = { readonly name: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject };
/** PEM texts. */
export type Certified = { readonly certificate: string; readonly key: string };

export type CertificateOptions = {
  readonly commonName: string;
  /** Without one it is signed by itself. */
  readonly issuer?: Authority;
  readonly isAuthority?: boolean;
  /** Addresses for subjectAltName. */
  readonly addresses?: readonly string[];
  readonly validFrom?: Date;
  readonly validTo?: Date;
  readonly keyType?: 'ec' | 'rsa';
  /** Used again rather than made: making thousands takes its time. */
  readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
};

export function makeKeys(keyType: 'ec' | 'rsa' = 'ec'): { privateKey: KeyObject; publicKey: KeyObject } {
  return keyType === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2_048 });
}

export function makeCertificate(options: CertificateOptions): Certified & { readonly authority: Authority } {
  const { commonName, isAuthority = false, addresses = [] } = options;
  const keys = options.keys ?? makeKeys(options.keyType);
  const own: Authority = { name: commonName, ...keys };
  const issuer = options.issuer ?? own;
  const algorithm = issuer.privateKey.asymmetricKeyType === 'ec' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA;
  const extension = (id: Buffer, isCritical: boolean, value: Buffer) =>
    sequence(id, ...(isCritical ? [isTrue] : []), octets(value));
  const names = addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number))));
  const extensions = sequence(
    extension(BASIC_CONSTRAINTS, true, sequence(...(isAuthority ? [isTrue] : []))),
    // keyCertSign for an authority, digitalSignature for all others.
    extension(KEY_USAGE, true, der(0x03, Buffer.from(isAuthority ? [2, 0x04] : [7, 0x80]))),
    extension(KEY_IDENTIFIER, false, octets(keyIdOf(keys.publicKey))),
    extension(AUTHORITY, false, sequence(der(0x80, keyIdOf(issuer.publicKey)))),
    ...(names.length > 0 ? [extension(ALTERNATIVE_NAMES, false, sequence(...names))] : []),
  );
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(12)])),
    algorithm,
    named(issuer.name),
    sequence(
      time(options.validFrom ?? new Date(Date.now() - 86_400_000)),
      time(options.validTo ?? new Date(Date.now() + 366 * 86_400_000)),
    ),
    named(commonName),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const certificate = sequence(toBeSigned, algorithm, bits(sign('sha256', toBeSigned, issuer.privateKey)));
  return {
    certificate: pem(certificate),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    authority: own,
  };
}

function pem(content: Buffer): string {
  const lines = content.toString('base64').replace(/(.{64})/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines.trimEnd()}\n-----END CERTIFICATE-----\n`;
}
