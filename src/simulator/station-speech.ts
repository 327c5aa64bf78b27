// Which version a simulated station speaks, both ways of it.

import type { Station } from '../core/model/site.ts';
import { answerCall } from './station-answers.ts';
import { answerCallV201 } from './station-answers-v201.ts';
import type { StationWire } from './station-wire.ts';
import { wireV16 } from './wire-v16.ts';
import { wireV201 } from './wire-v201.ts';

/** A version as it is spoken: said, and answered. */
export type Speech = { readonly wire: StationWire; readonly answer: typeof answerCall };

/** Most firmware in the field is of 1.6: a simulated station speaks 2.0.1 where its site leaves it nothing else. */
export function speechOf({ ocpp = ['1.6'] }: Station): Speech {
  return ocpp.includes('1.6') ? { wire: wireV16, answer: answerCall } : { wire: wireV201, answer: answerCallV201 };
}
