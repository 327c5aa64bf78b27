// What a simulated station can be asked and told about its configuration (OCPP 1.6 §9); values are text, as on the wire.

import { MAX_PROFILES } from './profile-memory.ts';
import type { Payload } from './station-wire.ts';
import type { Model } from './zoo.ts';

const READ_ONLY = new Set([
  'ChargeProfileMaxStackLevel',
  'ChargingScheduleAllowedChargingRateUnit',
  'ChargingScheduleMaxPeriods',
  'MaxChargingProfilesInstalled',
  'NumberOfConnectors',
  'SupportedFeatureProfiles',
]);

export class StationConfiguration {
  readonly #values: Map<string, string>;

  constructor(model: Model, connectors: number) {
    this.#values = new Map([
      ['MeterValueSampleInterval', '10'],
      ['HeartbeatInterval', '300'],
      ['MeterValuesSampledData', 'Current.Import,Current.Offered,Power.Active.Import,Energy.Active.Import.Register'],
      ['ChargeProfileMaxStackLevel', String(model.maxStackLevel)],
      ['ChargingScheduleAllowedChargingRateUnit', model.unit === 'A' ? 'Current' : 'Power'],
      ['ChargingScheduleMaxPeriods', '24'],
      ['MaxChargingProfilesInstalled', String(MAX_PROFILES)],
      ['SupportedFeatureProfiles', 'Core,SmartCharging,RemoteTrigger'],
      ['NumberOfConnectors', String(connectors)],
    ]);
  }

  /** Of a key that counts seconds: at least 1. */
  seconds(key: 'MeterValueSampleInterval' | 'HeartbeatInterval', absent: number): number {
    return Math.max(1, Number(this.#values.get(key)) || absent);
  }

  set(key: string, value: string): 'Accepted' | 'Rejected' | 'NotSupported' {
    if (!this.#values.has(key)) return 'NotSupported';
    if (READ_ONLY.has(key)) return 'Rejected';
    this.#values.set(key, value);
    return 'Accepted';
  }

  /** GetConfiguration.conf; no keys: all. */
  read(keys: readonly string[] | undefined): Payload {
    const asked = keys ?? [...this.#values.keys()];
    return {
      configurationKey: asked.flatMap((key) =>
        this.#values.has(key) ? [{ key, readonly: READ_ONLY.has(key), value: this.#values.get(key) }] : [],
      ),
      unknownKey: asked.filter((key) => !this.#values.has(key)),
    };
  }
}
