// The PEM files of listen.stations.tls: what a person gets to read when one is missing, wrong, or about to expire.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeFault } from '../../src/config/fault.ts';
import { loadSite } from '../../src/config/load-site.ts';
import { MAX_PEM_FILE_BYTES } from '../../src/config/tls-files.ts';
import { runCheckVerb } from '../../src/wiring/check-verb.ts';
import { makeCertificate } from '../support/certificates.ts';
import { faultLines, type RawSite, rawSite, rememberingIo } from './support.ts';

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 5, 1);
const validFrom = new Date(now - DAY_MS);
const dir = mkdtempSync(join(tmpdir(), 'busbar-tls-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const authority = makeCertificate({ commonName: 'Site CA', isAuthority: true, validFrom });
const own = makeCertificate({ commonName: 'busbar', issuer: authority.authority, validFrom });
write('cert.pem', own.certificate + authority.certificate);
write('key.pem', own.key);
write('ca.pem', authority.certificate);
write('other-key.pem', makeCertificate({ commonName: 'other' }).key);
write('notes.txt', 'the key is under the mat');
write('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
write('large.pem', ' '.repeat(MAX_PEM_FILE_BYTES + 1));
write(
  'locked-key.pem',
  own.authority.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
);

function write(name: string, text: string): string {
  const file = join(dir, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function withTls(tls: object, bend: (raw: RawSite) => void = () => {}): string {
  const raw = rawSite();
  raw.listen = { stations: { tls: { certificateFile: 'cert.pem', keyFile: 'key.pem', ...tls } } };
  bend(raw);
  return write('site.json', JSON.stringify(raw));
}

function told(file: string): string[] {
  const loaded = loadSite(file, { wallNow: now });
  if (!loaded.ok) return loaded.faults.map((fault) => describeFault({ ...fault, file: basename(fault.file) }));
  return loaded.notes.filter(({ about }) => about.startsWith('listen')).map(({ about, text }) => `${about}: ${text}`);
}

test('paths are seen from the site file, wherever Busbar is started', () => {
  const loaded = loadSite(withTls({ clientCaFile: 'ca.pem' }));
  expect(loaded.ok && loaded.site.listen.stations.tls).toEqual({
    certificateFile: join(dir, 'cert.pem'),
    keyFile: join(dir, 'key.pem'),
    clientCaFile: join(dir, 'ca.pem'),
  });
  expect(told(withTls({ clientCaFile: 'ca.pem' }))).toEqual([]);
});

const tlsPath = 'site.json: listen.stations.tls';
const notRead = (name: string, why: string) => `expected a file that can be read at ${join(dir, name)} (${why})`;
test.each([
  [{ certificateFile: 'gone.pem' }, [`${tlsPath}.certificateFile: got "gone.pem", ${notRead('gone.pem', 'ENOENT')}`]],
  [
    { certificateFile: 'large.pem' },
    [`${tlsPath}.certificateFile: got "large.pem", ${notRead('large.pem', '1000001 bytes are more than 1000000')}`],
  ],
  [
    { certificateFile: 'notes.txt', keyFile: 'notes.txt', clientCaFile: 'broken.pem' },
    [
      `${tlsPath}.certificateFile: got "notes.txt", expected a PEM file with the controller's own certificate first and its issuers after it`,
      `${tlsPath}.keyFile: got "notes.txt", expected a PEM file with a private key that needs no passphrase`,
      `${tlsPath}.clientCaFile: got "broken.pem", expected a PEM file with the certificates of the stations' authorities`,
    ],
  ],
  [
    { keyFile: 'locked-key.pem' },
    [`${tlsPath}.keyFile: got "locked-key.pem", expected a PEM file with a private key that needs no passphrase`],
  ],
  [
    { keyFile: 'other-key.pem' },
    [
      `${tlsPath}.keyFile: got "other-key.pem", expected the private key of the certificate in certificateFile, CN=busbar`,
    ],
  ],
  // The issuer first: the pair of the key is not the certificate that would be shown.
  [
    { certificateFile: 'ca.pem' },
    [`${tlsPath}.keyFile: got "key.pem", expected the private key of the certificate in certificateFile, CN=Site CA`],
  ],
])('%j', (tls, lines) => expect(told(withTls(tls))).toEqual(lines));

test('a fault in a PEM file is told beside those of the site, all at once', () => {
  const lines = told(withTls({ keyFile: 'gone.pem' }, (raw) => (raw.nominalVolts = 23)));
  expect(lines.map((line) => line.split(', expected')[0])).toEqual([
    'site.json: nominalVolts: got 23',
    `${tlsPath}.keyFile: got "gone.pem"`,
  ]);
});

test('the shape of tls is checked like everything else, and a key that was pasted in is not shown', () => {
  const tls = (value: object) => faultLines({ ...rawSite(), listen: { stations: { tls: value } } });
  expect(tls({ certificateFile: 'cert.pem' })).toEqual([
    'site.json: listen.stations.tls.keyFile: got nothing, expected the path of a PEM file, as seen from the site file',
  ]);
  expect(tls({ certificateFile: 'cert.pem', keyFile: own.key }).join()).not.toContain('BEGIN');
  expect(tls({ certificateFile: 'cert.pem', keyFile: 'key.pem', caFile: 'ca.pem' }).join()).toContain(
    'no field of this name',
  );
});

test.each([
  [now - DAY_MS, 'expired on 2026-05-31: stations that check it will not connect; put a new one in its place.'],
  [now + 29 * DAY_MS, 'expires on 2026-06-30: have the next one signed.'],
  [now + 31 * DAY_MS, undefined],
])('a certificate that ends at %d is told', (validTo, text) => {
  const { certificate, key } = makeCertificate({
    commonName: 'busbar',
    validFrom: new Date(now - 90 * DAY_MS),
    validTo: new Date(validTo),
  });
  write('dated.pem', certificate);
  write('dated-key.pem', key);
  const about = 'listen.stations.tls: certificateFile: the certificate of CN=busbar';
  const lines = told(withTls({ certificateFile: 'dated.pem', keyFile: 'dated-key.pem' }));
  expect(lines).toEqual(text === undefined ? [] : [`${about} ${text}`]);
});

test('a certificate that is not valid yet is told', () => {
  const early = makeCertificate({ commonName: 'busbar', validFrom: new Date(now + DAY_MS) });
  write('early.pem', early.certificate);
  write('early-key.pem', early.key);
  expect(told(withTls({ certificateFile: 'early.pem', keyFile: 'early-key.pem' })).join()).toContain(
    'is not valid before 2026-06-02',
  );
});

test.skipIf(process.platform === 'win32')('a key that others can read is told', () => {
  chmodSync(write('open-key.pem', own.key), 0o644);
  expect(told(withTls({ keyFile: 'open-key.pem' }))).toEqual([
    'listen.stations.tls: keyFile: other users of this machine can read the private key; chmod 600 it.',
  ]);
});

test('stations without a key are remarked on only where no certificate stands in for it', () => {
  const about = (tls: object) => {
    const loaded = loadSite(withTls(tls), { wallNow: now });
    return loaded.ok ? loaded.notes.map((note) => note.about) : [];
  };
  expect(about({})).toContain('3 stations');
  expect(about({ clientCaFile: 'ca.pem' })).not.toContain('3 stations');
});

test('busbar check asks the day and shows the notes', async () => {
  const { certificate, key } = makeCertificate({
    commonName: 'busbar',
    validFrom: new Date(now - 90 * DAY_MS),
    validTo: new Date(Date.now() - DAY_MS),
  });
  write('past.pem', certificate);
  write('past-key.pem', key);
  const io = rememberingIo();
  const file = withTls({ certificateFile: 'past.pem', keyFile: 'past-key.pem' });
  expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
  expect(io.outLines.join('\n')).toMatch(/listen\.stations\.tls: certificateFile: .* expired on/);
  expect(dirname(file)).toBe(dir);
});
