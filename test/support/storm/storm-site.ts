// A large site for storms: its file, its certificates, and what each station needs to dial in; written into a directory of the caller's.
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate, makeKeys } from '../certificates.ts';

/** `plain` is OCPP security profile 1, `tls` 2, `mutual` 3. */
export type Security = 'plain' | 'tls' | 'mutual';

/** What one station of the herd knows of itself. */
export type HerdMember = {
  readonly id: string;
  /** In hex; absent in profile 3. */
  readonly key?: string;
  /** PEM. */
  readonly certificate?: string;
};

export type StormSite = {
  readonly siteFile: string;
  readonly stationsUrl: string;
  readonly members: readonly HerdMember[];
  /** PEM of the authority that the stations trust; absent without TLS. */
  readonly ca?: string;
  /** PEM of the key of all client certificates: 2,000 pairs would take their time, and nobody here steals one. */
  readonly clientKey?: string;
};

export type StormSiteOptions = {
  readonly dir: string;
  readonly stations: number;
  readonly security: Security;
  readonly ports: { readonly stations: number; readonly http: number; readonly meter: number };
  readonly cycleMs: number;
};

const STATIONS_PER_BOARD = 50;
const ROTATIONS = ['L1', 'L2', 'L3'];
const MAX_AMPS = 16;
/** A board carries all floors of its stations, and half of what they could draw. */
const BOARD_AMPS_PER_STATION = 4;
export const BASE_LOAD_AMPS = 20;

/** Single-phase stations of 16 A in boards of 50 beneath one meter; a floor of 6 A each, and less than all could draw. */
export function writeStormSite({ dir, stations, security, ports, cycleMs }: StormSiteOptions): StormSite {
  const members: HerdMember[] = [];
  const boards = Math.ceil(stations / STATIONS_PER_BOARD);
  const authority = makeCertificate({ commonName: 'Storm CA', isAuthority: true });
  const keys = makeKeys();
  const stationEntries = Array.from({ length: stations }, (_, at) => {
    const id = `S${String(at).padStart(4, '0')}`;
    const key = security === 'mutual' ? undefined : randomBytes(20);
    const certificate =
      security === 'mutual'
        ? makeCertificate({ commonName: id, issuer: authority.authority, keys }).certificate
        : undefined;
    members.push({ id, ...(key ? { key: key.toString('hex') } : {}), ...(certificate ? { certificate } : {}) });
    return {
      id,
      model: 'generic-ac',
      ...(key ? { keySha256: createHash('sha256').update(`${id}:`).update(key).digest('hex') } : {}),
      floorProvedOn: '2026-11-01',
      evses: [
        {
          circuit: `board${Math.floor(at / STATIONS_PER_BOARD)}`,
          phases: ROTATIONS[at % 3],
          maxAmps: MAX_AMPS,
          floorAmps: 6,
        },
      ],
    };
  });
  const file = {
    id: 'storm',
    timezone: 'Europe/Berlin',
    circuits: [
      {
        id: 'main',
        ratingAmps: 60 + Math.ceil((stations / 3) * 8),
        marginAmps: 5,
        baseLoad: { worstAmps: 50 },
        meter: 'main',
      },
      ...Array.from({ length: boards }, (_, at) => ({
        id: `board${at}`,
        parent: 'main',
        ratingAmps: BOARD_AMPS_PER_STATION * STATIONS_PER_BOARD,
        baseLoad: { worstAmps: 0, allowanceAmps: 0 },
      })),
    ],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: ports.meter, unitId: 1, pollMs: 1_000 }],
    stations: stationEntries,
    policy: { cycleMs },
    listen: {
      stations: { port: ports.stations, ...tlsOf(dir, security, authority) },
      http: { port: ports.http },
    },
  };
  const siteFile = join(dir, 'site.json');
  writeFileSync(siteFile, JSON.stringify(file));
  const scheme = security === 'plain' ? 'ws' : 'wss';
  return {
    siteFile,
    stationsUrl: `${scheme}://127.0.0.1:${ports.stations}/ocpp`,
    members,
    ...(security === 'plain' ? {} : { ca: authority.certificate }),
    ...(security === 'mutual' ? { clientKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string } : {}),
  };
}

function tlsOf(dir: string, security: Security, authority: ReturnType<typeof makeCertificate>) {
  if (security === 'plain') return {};
  const own = makeCertificate({ commonName: 'busbar', issuer: authority.authority, addresses: ['127.0.0.1'] });
  const write = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return name;
  };
  return {
    tls: {
      certificateFile: write('controller.pem', own.certificate),
      keyFile: write('controller-key.pem', own.key),
      ...(security === 'mutual' ? { clientCaFile: write('stations-ca.pem', authority.certificate) } : {}),
    },
  };
}
