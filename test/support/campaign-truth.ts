// One instant of a site with one circuit and one EVSE, for tests of the campaign's checkers.
import { onEachPhase } from '../../src/core/model/units.ts';
import type { TrueEvse, Truth } from '../../src/simulator/truth.ts';
import { RUN_STARTS_AT } from '../../src/simulator/write-script.ts';

export function truthAt(second: number, evse: Partial<TrueEvse> = {}, mainAmps = 0): Truth {
  const whole: TrueEvse = {
    ...{ evse: 'S0/1', station: 'S0', hasCar: true, amps: [0, 0, 0], limitAmps: 6, mightAmps: 6, floorAmps: 6 },
    ...{ errs: false, isClockAstray: false, isLinked: true },
    ...evse,
  };
  return {
    at: RUN_STARTS_AT + second * 1_000,
    elapsedMs: 1_000,
    circuits: [{ circuit: 'main', amps: onEachPhase(mainAmps), baseAmps: onEachPhase(0) }],
    evses: [whole],
    isControlled: true,
  };
}
