// The official schemas as carried by typed-ocpp: that they are there, all of them, and judge as the specification does.
import { describe, expect, test } from 'vitest';
import { loadV16Schemas } from '../../src/ocpp/v16/schemas.ts';

const schemas = await loadV16Schemas();
const WHITE_PAPER =
  /^(SecurityEventNotification|SignCertificate|LogStatusNotification|SignedFirmwareStatusNotification|CertificateSigned|DeleteCertificate|ExtendedTriggerMessage|GetInstalledCertificateIds|GetLog|InstallCertificate|SignedUpdateFirmware)(Request|Response)$/;

test('56 schemas of OCPP 1.6 and 22 of the security white paper', () => {
  const ofWhitePaper = schemas.names.filter((name) => WHITE_PAPER.test(name));
  expect([schemas.names.length - ofWhitePaper.length, ofWhitePaper.length]).toEqual([56, 22]);
  for (const name of schemas.names) {
    const [, action, message] = /^(.*)(Request|Response)$/.exec(name)!;
    expect(() => schemas.check('outbound', action!, message as 'Request' | 'Response', {})).not.toThrow();
  }
});

describe('limits', () => {
  const withLimit = (limit: number) => ({
    connectorId: 1,
    csChargingProfiles: {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingProfileKind: 'Absolute',
      chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
    },
  });

  test('every tenth of an ampere up to 500 A is one, and a twentieth is not', () => {
    const refused = Array.from({ length: 5_001 }, (_, i) => i / 10).filter((limit) =>
      schemas.check('outbound', 'SetChargingProfile', 'Request', withLimit(limit)),
    );
    expect(refused).toEqual([]);
    expect(schemas.check('outbound', 'SetChargingProfile', 'Request', withLimit(6.15))?.code).toBe(
      'PropertyConstraintViolation',
    );
  });

  test('nothing is changed by the check', () => {
    const payload = { ...withLimit(6), extra: 1 };
    const before = structuredClone(payload);
    expect(schemas.check('inbound', 'SetChargingProfile', 'Request', payload)?.code).toBe('FormationViolation');
    expect(payload).toEqual(before);
  });
});

test('date-times are read leniently and written strictly', () => {
  const answer = (currentTime: string) => ({ currentTime });
  expect(schemas.check('inbound', 'Heartbeat', 'Response', answer('2026-03-02T06:00:00'))).toBeUndefined();
  expect(schemas.check('outbound', 'Heartbeat', 'Response', answer('2026-03-02T06:00:00'))?.code).toBe(
    'PropertyConstraintViolation',
  );
  expect(schemas.check('outbound', 'Heartbeat', 'Response', answer('2026-03-02T06:00:00Z'))).toBeUndefined();
});

test('a fault names the place, and names of Object are no actions', () => {
  expect(
    schemas.check('inbound', 'StatusNotification', 'Request', { connectorId: 1, errorCode: 'NoError', status: 'x' })
      ?.description,
  ).toMatch(/^status must be/);
  expect(schemas.check('inbound', 'constructor', 'Request', {})).toBeUndefined();
});
