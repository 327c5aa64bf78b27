// What happens to a simulated site, as plain data: who comes and goes, what breaks and for how long. A run is a function of site and script,
// so a script can be kept, shortened and played again. Types only.

import type { CircuitId, EvseId, MeterId, PhaseAmps, SiteId, StationId } from '../core/model/units.ts';
import type { Car } from './car.ts';

/**
 * How a station takes what it is told, for a while. What a model always does (its unit, whole amperes, forgetting) follows from its profile and
 * is no error; the same done by a model whose profile does not say so is one.
 */
export type StationManner =
  /** Answers and applies after some seconds. */
  | 'obeys-late'
  /** Answers no CALL. */
  | 'silent'
  /** Says Accepted and goes on as before. */
  | 'accepts-without-applying'
  /** Loses every profile when its link comes back. */
  | 'forgets-on-reconnect'
  /** Applies the next whole multiple of 1 A above the limit. */
  | 'rounds-up'
  /** Answers Rejected to every profile. */
  | 'refuses';

/** How a meter errs: what it answers while it does. */
export type MeterFault =
  /** The registers of the moment at which it began. */
  | 'stuck'
  /** Currents and powers with the other sign. */
  | 'flipped'
  | 'times-ten'
  /** Currents and powers of a tenth, such as with transformers of another ratio. */
  | 'tenth'
  /** L2 with the other sign. */
  | 'flipped-phase'
  /** L1 shows what L2 carries, and L2 what L1 does. */
  | 'swapped'
  /** L2 as at the moment at which it began, while the others live. */
  | 'stuck-phase'
  /** The energy counter wraps: it goes on from nearly nothing. */
  | 'wrap'
  /** The energy counter jumps by 10 MWh. */
  | 'jump'
  /** One sample of nothing, then the truth. */
  | 'dip'
  /** One sample of ten times the truth, then the truth. */
  | 'spike'
  /** Answers after the deadline. */
  | 'late'
  /** Does not answer. */
  | 'dead';

/** One thing that happens, `atMs` after the start of the run; what lasts ends by itself after `forMs`. */
export type Happening = { readonly atMs: number } & (
  | {
      readonly kind: 'car-comes';
      readonly evse: EvseId;
      readonly car: Car;
      readonly storedWh: number;
      readonly idTag: string;
      /** It leaves after this long, full or not. */
      readonly forMs: number;
    }
  /** `half-open`: nothing arrives any more and nobody is told. */
  | {
      readonly kind: 'link-lost';
      readonly station: StationId;
      readonly how: 'closed' | 'half-open';
      readonly forMs: number;
    }
  /** Every frame of the station takes this much longer. */
  | { readonly kind: 'network-slow'; readonly station: StationId; readonly delayMs: number; readonly forMs: number }
  | {
      readonly kind: 'station-errs';
      readonly station: StationId;
      readonly manner: StationManner;
      readonly forMs: number;
    }
  /** Restarts and boots again; profiles survive (OCPP 1.6 errata 3.37) unless `forgets`. */
  | { readonly kind: 'station-reboots'; readonly station: StationId; readonly forgets: boolean }
  | { readonly kind: 'station-clock'; readonly station: StationId; readonly byMs: number }
  | { readonly kind: 'meter-errs'; readonly meter: MeterId; readonly fault: MeterFault; readonly forMs: number }
  /** The building draws this much more, on top of what it follows. */
  | { readonly kind: 'building-steps'; readonly amps: PhaseAmps; readonly forMs: number }
  /** `crash`: the process is gone and started again after `forMs`; `hang`: it stands still and is killed and started after `forMs`. */
  | { readonly kind: 'controller-dies'; readonly how: 'crash' | 'hang'; readonly forMs: number }
  /** The controller's box loses power: what was not yet synced to the disk may be gone or torn. */
  | { readonly kind: 'power-cut'; readonly forMs: number }
  /** The whole site goes dark, cars stop, every station boots again afterwards. */
  | { readonly kind: 'grid-outage'; readonly forMs: number }
  | { readonly kind: 'gateway-dies' }
  | { readonly kind: 'disk-errs'; readonly fault: 'full' | 'slow' | 'read-only'; readonly forMs: number }
  | {
      readonly kind: 'upstream-errs';
      readonly fault: 'down' | 'silent' | 'late' | 'callerror' | 'loses-answers';
      readonly forMs: number;
    }
  /** Our wall clock is set; the steady time line does not feel it. */
  | { readonly kind: 'wall-clock'; readonly byMs: number }
  /** A utility or a manager limits a circuit. */
  | { readonly kind: 'limit-set'; readonly circuit: CircuitId; readonly limitAmps: number; readonly forMs: number }
);

/** How the building draws between the steps of the script. */
export type BaseLoadKind =
  /** A constant part of the commissioned worst. */
  | { readonly kind: 'flat'; readonly part: number }
  /** A random walk between nothing and the commissioned worst. */
  | { readonly kind: 'walk' }
  /** An office's weekday with noise. */
  | { readonly kind: 'office' }
  /** Parts of its greatest value, one for each `stepMs`, repeated; a measured series. */
  | { readonly kind: 'series'; readonly name: string; readonly stepMs: number; readonly parts: readonly number[] };

export type FaultLevel = 'none' | 'field' | 'harsh';

/** A whole run; `seed` also feeds the noise that no happening stands for (delays, ripple, jitter). */
export type Script = {
  readonly site: SiteId;
  readonly seed: number;
  readonly hours: number;
  readonly faults: FaultLevel;
  readonly baseLoad: BaseLoadKind;
  /** Ascending by `atMs`. */
  readonly happenings: readonly Happening[];
};
