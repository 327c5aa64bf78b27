// Law 6: every EVSE of the site has one share in every cycle, and every share a reason that names what binds it, in a sentence a person understands.

import type { CycleRecord, Decision } from '../../core/model/decision.ts';
import type { Site } from '../../core/model/site.ts';
import type { CircuitId, EvseId, GroupId, StationId } from '../../core/model/units.ts';
import { describeReason } from '../../core/report/explain.ts';
import type { Checker, CheckerOptions, Truth, Violation } from '../truth.ts';

/** A sentence is made when the kind of a reason changes, and in each so-manieth cycle: its parts are looked at in every one. */
const SENTENCE_EVERY_CYCLES = 60;
/** A notice is read by a person. */
const MAX_NOTICE_CHARACTERS = 600;

export class ExplainedChecker implements Checker {
  readonly name = 'explained';
  readonly #site: Site;
  readonly #names: Names;
  readonly #maxNotices: number;
  /** For each EVSE, the kind of its last reason whose sentence was looked at. */
  readonly #kinds: (string | undefined)[];
  #cycles = 0;
  #mostNotices = 0;

  constructor({ site }: CheckerOptions) {
    this.#site = site;
    this.#names = namesOf(site);
    this.#maxNotices = maxNotices(site);
    this.#kinds = site.evses.map(() => undefined);
  }

  onCycle({ decision, snapshot }: CycleRecord, { at }: Truth): readonly Violation[] {
    const faults = this.#miscounted(decision);
    const isFull = this.#cycles % SENTENCE_EVERY_CYCLES === 0;
    this.#cycles += 1;
    for (let index = 0; index < decision.shares.length; index++) {
      const { evse, reason } = decision.shares[index]!;
      const broken = brokenPart(reason, this.#names);
      if (broken !== undefined) faults.push(`The share of ${evse} is ${reason.kind} without saying ${broken}.`);
      else if (isFull || this.#kinds[index] !== reason.kind) {
        this.#kinds[index] = reason.kind;
        const sentence = describeReason(reason, this.#site, snapshot.now);
        if (!isSentence(sentence)) faults.push(`The share of ${evse} is ${reason.kind}, which reads "${sentence}".`);
      }
    }
    this.#judgeNotices(decision, faults);
    return faults.map((text) => ({ checker: this.name, at, text }));
  }

  figures(): Readonly<Record<string, number>> {
    return { cycleCount: this.#cycles, mostNoticesCount: this.#mostNotices };
  }

  #miscounted({ shares }: Decision): string[] {
    const { evses } = this.#site;
    if (shares.length === evses.length && shares.every(({ evse }, at) => evse === evses[at]!.id)) return [];
    const counts = new Map<EvseId, number>(evses.map(({ id }) => [id, 0]));
    for (const { evse } of shares) counts.set(evse, (counts.get(evse) ?? 0) + 1);
    const wrong = [...counts].filter(([id, count]) => count !== 1 || !this.#names.evses.has(id));
    if (wrong.length === 0) return [];
    return [
      `Shares do not fit the site: ${wrong.map(([id, count]) => `${id} has ${count}`).join(', ')}; each EVSE had to have 1.`,
    ];
  }

  #judgeNotices({ notices }: Decision, faults: string[]): void {
    this.#mostNotices = Math.max(this.#mostNotices, notices.length);
    if (notices.length > this.#maxNotices)
      faults.push(`${notices.length} notices in one cycle; at most ${this.#maxNotices} can have a cause.`);
    for (const { code, text } of notices) {
      if (code === '' || !isSentence(text) || text.length > MAX_NOTICE_CHARACTERS)
        faults.push(`The notice ${code || 'without a code'} reads "${text.slice(0, MAX_NOTICE_CHARACTERS)}".`);
    }
  }
}

type Names = {
  readonly circuits: ReadonlySet<CircuitId>;
  readonly groups: ReadonlySet<GroupId>;
  readonly stations: ReadonlySet<StationId>;
  readonly evses: ReadonlySet<EvseId>;
};

function namesOf(site: Site): Names {
  return {
    circuits: new Set(site.circuits.map(({ id }) => id)),
    groups: new Set(site.groups.map(({ id }) => id)),
    stations: new Set(site.stations.map(({ id }) => id)),
    evses: new Set(site.evses.map(({ id }) => id)),
  };
}

/** A meter, an overload and a base load above the worst for each circuit and phase, two for each EVSE, and the solver's and the law's own. */
function maxNotices({ circuits, evses }: Site): number {
  return circuits.length * 7 + evses.length * 2 + 2;
}

/** Which part of a reason says nothing: a number that is none, an empty text, or a place that the site does not have. */
function brokenPart(part: object, names: Names): string | undefined {
  for (const key in part) {
    const value = (part as Readonly<Record<string, unknown>>)[key];
    if (typeof value === 'number' ? !Number.isFinite(value) : value === undefined || value === null || value === '')
      return key;
    if (key === 'circuit' && !names.circuits.has(String(value))) return key;
    if (key === 'group' && !names.groups.has(String(value))) return key;
    if (key === 'station' && !names.stations.has(String(value))) return key;
    if (typeof value !== 'object') continue;
    const inner = brokenPart(value as object, names);
    if (inner !== undefined) return `${key}.${inner}`;
  }
  return undefined;
}

const isSentence = (text: string) => text.trim() !== '' && !/\b(?:undefined|null|NaN|Infinity)\b|\[object/.test(text);
