// The registers as a master finds them: slices of the newest image, and what is counted at the moment of the answer; old images read as not available.

import type { ExternalCapTerms } from '../../core/model/modbus-server.ts';
import type { Site } from '../../core/model/site.ts';
import type { Instant } from '../../core/model/units.ts';
import { CAP_FIELDS, type CapSubject } from './cap-record.ts';
import { CONTROLLER_FIELDS } from './controller-record.ts';
import { encodeImage, type ImageFrame } from './encode-image.ts';
import { type CapLedger, NOTHING_HEARD, standingOf } from './external-cap.ts';
import { BLOCKS, type RegisterMap, segmentOf } from './register-map.ts';
import { clearRegisters, writeField, writeRecord } from './words.ts';

/** After so many cycles without a new image nothing in it is believed any more, and not before `LEAST_STALE_MS`. */
const STALE_AFTER_CYCLES = 3;
export const LEAST_STALE_MS = 3_000;

/** What one cycle sends to the server. */
export type RegisterImage = {
  readonly bytes: Uint8Array;
  /** When the cycle began. */
  readonly at: Instant;
  readonly ledger: CapLedger;
};

const CYCLE_AGE = CONTROLLER_FIELDS.find(({ name }) => name === 'cycle age')!;

export class RegisterDevice {
  readonly map: RegisterMap;
  readonly terms: ExternalCapTerms | undefined;
  readonly #circuitIndex: number;
  readonly #staleAfterMs: number;
  /** What is read while no cycle is young enough. */
  readonly #blank: Uint8Array;
  #image: RegisterImage | undefined;
  #ledger: CapLedger = NOTHING_HEARD;

  constructor(frame: ImageFrame) {
    this.map = frame.map;
    this.terms = frame.site.modbusServer?.externalCap;
    this.#circuitIndex = frame.map.circuits.findIndex(({ id }) => id === this.terms?.circuit);
    this.#staleAfterMs = staleAfterMs(frame.site);
    this.#blank = encodeImage(frame);
  }

  /** Takes the image of a new cycle. One of another size is not of this map and is refused. */
  show(image: RegisterImage): void {
    if (image.bytes.length !== this.map.registers * 2) throw new Error('register image: not of this map');
    this.#image = image;
    this.#ledger = image.ledger;
  }

  /** What the control room has heard, as it answers a write; the next image brings the same. */
  heard(ledger: CapLedger): void {
    this.#ledger = ledger;
  }

  /** The bytes of `count` registers from `address` on; undefined when one of them is not in the map. `count` MUST be 1 or more. */
  read(address: number, count: number, now: Instant): Uint8Array | undefined {
    const segment = segmentOf(this.map, address, count);
    if (segment === undefined) return undefined;
    const [from, to] = [(address - segment.start) * 2, (address - segment.start + count) * 2];
    if (segment.name === 'external cap') return this.#capBlock(now).slice(from, to);
    const bytes = this.#isYoung(now) ? this.#image!.bytes : this.#blank;
    const start = segment.offset * 2;
    if (segment.name !== 'controller') return bytes.slice(start + from, start + to);
    const block = bytes.slice(start, start + segment.length * 2);
    const ageMs = this.#image && Math.max(0, now - this.#image.at);
    writeField(new DataView(block.buffer), CYCLE_AGE.at, CYCLE_AGE, ageMs);
    return block.slice(from, to);
  }

  #isYoung(now: Instant): boolean {
    return this.#image !== undefined && now - this.#image.at <= this.#staleAfterMs;
  }

  /** What the site file says always; where the cap stands only while there are cycles that heed it. */
  #capBlock(now: Instant): Uint8Array {
    const bytes = new Uint8Array(BLOCKS['external cap'].stride * 2);
    clearRegisters(bytes);
    const ledger = this.#ledger;
    const subject: CapSubject =
      this.terms === undefined
        ? { ledger }
        : {
            terms: this.terms,
            ...(this.#isYoung(now) && { standing: standingOf(this.terms, ledger, now) }),
            ledger,
            ...(this.#circuitIndex < 0 ? {} : { circuitIndex: this.#circuitIndex }),
          };
    writeRecord(new DataView(bytes.buffer), 0, CAP_FIELDS, subject);
    return bytes;
  }
}

/** An image that is older than this is not shown. */
export function staleAfterMs(site: Pick<Site, 'policy'>): number {
  return Math.max(LEAST_STALE_MS, STALE_AFTER_CYCLES * site.policy.cycleMs);
}
