// Stations over TLS, on real sockets: who gets in, who does not, and what each of them is told.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { StationsTls } from '../../src/core/model/site.ts';
import { SESSION_TIMEOUT_SECONDS, TLS_SUITES } from '../../src/ocpp/tls.ts';
import { type Certified, makeCertificate } from '../support/certificates.ts';
import { buildSite, evse } from '../support/site-builder.ts';
import { ask, Bench, BOOT } from '../support/station-bench.ts';

const dir = mkdtempSync(join(tmpdir(), 'busbar-tls-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const authority = makeCertificate({ commonName: 'Site CA', isAuthority: true });
const stranger = makeCertificate({ commonName: 'Another CA', isAuthority: true });
const own = makeCertificate({ commonName: 'busbar', issuer: authority.authority, addresses: ['127.0.0.1'] });
const ownRsa = makeCertificate({
  commonName: 'busbar',
  issuer: authority.authority,
  addresses: ['127.0.0.1'],
  keyType: 'rsa',
});
const ca = authority.certificate;
const asks = { ca };
const client = (commonName: string, issuer = authority): { cert: string; key: string } => {
  const { certificate, key } = makeCertificate({ commonName, issuer: issuer.authority });
  return { cert: certificate, key };
};

function files(name: string, { certificate, key }: Certified, clientCa?: string): StationsTls {
  const write = (kind: string, text: string) => {
    const path = join(dir, `${name}-${kind}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    certificateFile: write('cert', certificate),
    keyFile: write('key', key),
    ...(clientCa === undefined ? {} : { clientCaFile: write('ca', clientCa) }),
  };
}

const withServer = files('server', own);
const withClients = files('mutual', own, ca);

let bench: Bench;
afterEach(() => bench.stop());
const start = async (tls: StationsTls, site = buildSite()) => {
  bench = await new Bench({ tls, site }).start();
};
const events = (event: string) => bench.logged.filter((one) => one.event === event);

/** A TLS handshake and no more; resolves with what was agreed, rejects with what the far side or OpenSSL has against it. */
async function shakeHands(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: bench.gateway.address().port, ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** A session to come back with: TLS 1.2 gives it with the handshake, 1.3 some time after. */
async function sessionOf(options: ConnectionOptions): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port: bench.gateway.address().port, ca, ...options });
  const [session] = (await once(socket, 'session')) as [Buffer];
  socket.destroy();
  return session;
}

describe('a certificate for the controller (profile 2)', () => {
  test('a station with the right key and the right authority is served', async () => {
    await start(withServer);
    const socket = await bench.socket('A', { dial: asks });
    expect(await ask(socket, 'BootNotification', BOOT)).toMatchObject([3, expect.anything(), { status: 'Accepted' }]);
  });

  test('also from a certificate with an RSA key', async () => {
    await start(files('rsa', ownRsa));
    await bench.socket('A', { dial: { ...asks, maxVersion: 'TLSv1.2' } });
  });

  test('a wrong key is 401, an unknown identity 404, as without TLS', async () => {
    await start(withServer);
    await expect(bench.socket('A', { dial: asks, key: Buffer.from('wrong') })).rejects.toThrow('HTTP 401');
    await expect(bench.socket('A', { dial: asks, key: 'none' })).rejects.toThrow('HTTP 401');
    await expect(bench.socket('Z', { dial: asks })).rejects.toThrow('HTTP 404');
  });

  test('a station that trusts another authority goes away before it has said who it is', async () => {
    await start(withServer);
    await expect(bench.socket('A', { dial: { ca: stranger.certificate } })).rejects.toThrow(/verify|issuer/);
    expect(events('ocpp.connected')).toEqual([]);
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused by the controller', async (version) => {
    await start(withServer);
    const old = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' };
    await expect(shakeHands(old)).rejects.toThrow(/alert protocol version/);
    await expect.poll(() => events('ocpp.tls-refused').length).toBe(1);
  });

  test.each(['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'ECDHE-RSA-AES128-SHA', 'NULL', 'ADH'])(
    'the suite %s is refused by the controller',
    async (ciphers) => {
      await start(files('rsa', ownRsa));
      const weak = { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` } as const;
      await expect(shakeHands(weak)).rejects.toThrow(/handshake failure/);
    },
  );

  test.each(TLS_SUITES.filter((suite) => suite.startsWith('ECDHE')))('%s is spoken', async (suite) => {
    await start(files('either', suite.includes('ECDSA') ? own : ownRsa));
    const socket = await shakeHands({ maxVersion: 'TLSv1.2', ciphers: suite });
    expect(socket.getCipher().name).toBe(suite);
    socket.destroy();
  });

  test('plain text at this port is cut off, and nothing of it is taken for an identity', async () => {
    await start(withServer);
    const socket = new WebSocket(`ws://127.0.0.1:${bench.gateway.address().port}/ocpp/A`, ['ocpp1.6']);
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/ECONNRESET|hang up/);
    expect(events('ocpp.tls-refused')).toMatchObject([{ fields: { code: 'ERR_SSL_HTTP_REQUEST' } }]);
  });

  test('a station that comes back resumes its session without a second whole handshake', async () => {
    await start(withServer);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const session = await sessionOf({ maxVersion });
      // OpenSSL's DER of a session has its life in seconds under [9] as the controller tells it, an INTEGER of two bytes.
      expect(
        session.includes(Buffer.from([0xa9, 4, 2, 2, SESSION_TIMEOUT_SECONDS >> 8, SESSION_TIMEOUT_SECONDS & 255])),
      ).toBe(true);
      const again = await shakeHands({ maxVersion, session });
      expect(again.isSessionReused()).toBe(true);
      again.destroy();
    }
  });

  test('files that are gone when Busbar starts are told by their path', async () => {
    bench = new Bench({ tls: { ...withServer, keyFile: join(dir, 'gone.pem') } });
    await expect(bench.start()).rejects.toMatchObject({
      code: 'OCPP_TLS_FILES',
      message: expect.stringMatching('gone'),
    });
  });

  test('a key of another certificate, put there since the site was checked, lets nobody in and says where to look', async () => {
    bench = new Bench({ tls: { ...withServer, keyFile: files('rsa', ownRsa).keyFile } });
    await expect(bench.start()).rejects.toMatchObject({
      code: 'OCPP_TLS_FILES',
      message: expect.stringMatching('server-cert.pem.*busbar check'),
    });
  });
});

describe('certificates for the stations (profile 3)', () => {
  const keyless = () => {
    const site = buildSite({ evses: [evse({ station: 'A' }), evse({ station: 'B' })] });
    // The bench gives a key to whoever has none: empty is no key.
    return { ...site, stations: site.stations.map((station) => ({ ...station, keySha256: undefined as never })) };
  };

  test('a station comes in by its certificate alone where the site file states no key', async () => {
    await start(withClients, keyless());
    const socket = await bench.socket('A', { key: 'none', dial: { ca, ...client('A') } });
    expect(await ask(socket, 'BootNotification', BOOT)).toMatchObject([3, expect.anything(), { status: 'Accepted' }]);
  });

  test('a key that the site file states is asked for all the same', async () => {
    await start(withClients);
    const dial = { ca, ...client('A') };
    await expect(bench.socket('A', { key: 'none', dial })).rejects.toThrow('HTTP 401');
    await bench.socket('A', { dial });
  });

  test("another station's certificate is 403, even with the right key", async () => {
    await start(withClients);
    await expect(bench.socket('A', { dial: { ca, ...client('B') } })).rejects.toThrow('HTTP 403');
    expect(events('ocpp.refused')).toMatchObject([{ fields: { identity: 'A', certificate: 'B' } }]);
  });

  test('a certificate for an identity that the site does not have is 404', async () => {
    await start(withClients, keyless());
    await expect(bench.socket('Z', { key: 'none', dial: { ca, ...client('Z') } })).rejects.toThrow('HTTP 404');
  });

  test.each([
    ['no certificate', () => ({})],
    ['one of an authority that is not trusted', () => client('A', stranger)],
    [
      'one that has expired',
      () => {
        const issuer = authority.authority;
        const { certificate, key } = makeCertificate({
          commonName: 'A',
          issuer,
          validTo: new Date(Date.now() - 1_000),
        });
        return { cert: certificate, key };
      },
    ],
    [
      'one that it has signed itself',
      () => {
        const { certificate, key } = makeCertificate({ commonName: 'A' });
        return { cert: certificate, key };
      },
    ],
  ])('%s is refused in the handshake, whatever the version', async (_what, certificate) => {
    await start(withClients);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      await expect(bench.socket('A', { dial: { ca, ...certificate(), maxVersion } })).rejects.toThrow();
    await expect.poll(() => events('ocpp.tls-refused').length).toBe(2);
    expect(events('ocpp.connected')).toEqual([]);
  });

  test('a resumed session is still known by its certificate', async () => {
    await start(withClients, keyless());
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const dial = { ca, maxVersion, session: await sessionOf({ ...client('A'), maxVersion }) };
      const again = await shakeHands(dial);
      expect(again.isSessionReused()).toBe(true);
      again.destroy();
      await bench.socket('A', { key: 'none', dial });
      await expect(bench.socket('B', { key: 'none', dial })).rejects.toThrow('HTTP 403');
    }
  });
});
