// The names that meters, combined meters and sums give each other: each leads somewhere, covers its phases, and nothing is counted twice.

import { PHASES } from '../core/model/units.ts';
import type { AnyMeterForm } from './any-meter-form.ts';
import type { Fault } from './fault.ts';
import type { MeterProfiles } from './load-profiles.ts';
import { checkMeterProfile } from './meter-fit.ts';
import { listed } from './shape.ts';
import type { Part, SiteDraft } from './site-draft.ts';
import type { CircuitForm } from './site-schema.ts';

type Add = (path: readonly PropertyKey[], expected: string) => void;
type Meters = ReadonlyMap<string, Part<AnyMeterForm>>;

/** `parts`: the first meter of each id. Returns the faults of profiles' own files. */
export function checkMeters(
  draft: SiteDraft,
  parts: readonly Part<AnyMeterForm>[],
  circuits: readonly Part<CircuitForm>[],
  profiles: MeterProfiles,
  add: Add,
): readonly Fault[] {
  const meters: Meters = new Map(parts.map((part) => [part.form.id, part]));
  const faults = parts.flatMap((part) => checkSource(part, draft, profiles, add));
  const partOf = checkCombined(parts, meters, draft, add);
  const measured = checkCircuitMeters(circuits, meters, partOf, draft, add);
  checkSums(circuits, meters, partOf, measured, draft, add);
  return faults;
}

function checkSource(part: Part<AnyMeterForm>, draft: SiteDraft, profiles: MeterProfiles, add: Add): readonly Fault[] {
  const { form, path } = part;
  if ('station' in form) checkStation(form.station, [...path, 'station'], draft, add);
  if (!('profile' in form)) return [];
  const { bus } = form;
  if (bus !== undefined && !draft.ids.buses.has(bus))
    add([...path, 'bus'], `the id of a bus of this file${listed(bus, [...draft.ids.buses])}`);
  return checkMeterProfile({ path, form }, profiles, add);
}

function checkStation(station: string, path: readonly PropertyKey[], draft: SiteDraft, add: Add): void {
  if (!draft.ids.stations.has(station))
    add(path, `the id of a station of this file${listed(station, [...draft.ids.stations])}`);
}

/** By meter the combined one of which it is a part. */
function checkCombined(
  parts: readonly Part<AnyMeterForm>[],
  meters: Meters,
  draft: SiteDraft,
  add: Add,
): ReadonlyMap<string, string> {
  const partOf = new Map<string, string>();
  for (const { form, path } of parts) {
    if (!('combine' in form)) continue;
    const members: AnyMeterForm[] = [];
    let isWhole = true;
    form.combine.forEach((id, at) => {
      const place = [...path, 'combine', at];
      const member = meters.get(id)?.form;
      const before = partOf.get(id);
      if (member === undefined) isWhole = false;
      if (id === form.id) add(place, 'another meter: this is the combined one itself');
      else if (!draft.ids.meters.has(id)) add(place, unknownMeter(id, draft));
      else if (member && 'combine' in member)
        add(place, `a meter that is no combination itself: name the parts of "${id}" here`);
      else if (before !== undefined) add(place, `a meter of its own: this one is part of "${before}" already`);
      else {
        partOf.set(id, form.id);
        if (member) members.push(member);
        return;
      }
      isWhole = false;
    });
    const bare = PHASES.find((phase) => !members.some((one) => phasesOf(one).includes(phase)));
    if (isWhole && bare !== undefined) add([...path, 'combine'], `at least one meter on ${bare} among them`);
  }
  return partOf;
}

/** By meter the circuit that it measures. */
function checkCircuitMeters(
  circuits: readonly Part<CircuitForm>[],
  meters: Meters,
  partOf: ReadonlyMap<string, string>,
  draft: SiteDraft,
  add: Add,
): ReadonlyMap<string, string> {
  const measured = new Map<string, string>();
  for (const { form, path } of circuits) {
    const id = form.meter;
    if (id === undefined) continue;
    const place = [...path, 'meter'];
    const meter = meters.get(id)?.form;
    const before = measured.get(id);
    if (!draft.ids.meters.has(id)) add(place, unknownMeter(id, draft));
    else if (before !== undefined) add(place, `a meter of its own: this one measures circuit "${before}" already`);
    else if (partOf.has(id)) add(place, `the combined meter "${partOf.get(id)}": this one is only a part of it`);
    else if (meter?.of !== undefined)
      add(place, `a meter of the circuit as a whole: this one is told to measure ${meter.of} only`);
    else if (meter && phasesOf(meter).length < PHASES.length)
      add(
        place,
        `a meter of all three phases: "${id}" measures ${phasesOf(meter).join(', ')} alone; combine it with others`,
      );
    else measured.set(id, form.id);
  }
  return measured;
}

function checkSums(
  circuits: readonly Part<CircuitForm>[],
  meters: Meters,
  partOf: ReadonlyMap<string, string>,
  measured: ReadonlyMap<string, string>,
  draft: SiteDraft,
  add: Add,
): void {
  const summed = new Map<string, string>();
  for (const { form, path } of circuits) {
    const { sum } = form.baseLoad;
    if (sum === undefined) continue;
    const at = [...path, 'baseLoad', 'sum'];
    if (form.meter !== undefined) add(at, `no sum: the meter "${form.meter}" measures "${form.id}" as a whole`);
    if (sum.meters.length === 0 && !draft.circuits.some((one) => one.form.parent === form.id))
      add([...at, 'meters'], 'at least one meter, or a circuit below: there is nothing to add up');
    sum.meters.forEach((id, index) => {
      const place = [...at, 'meters', index];
      const before = summed.get(id);
      const meter = meters.get(id)?.form;
      if (!draft.ids.meters.has(id)) add(place, unknownMeter(id, draft));
      else if (before !== undefined) add(place, `a meter in no other sum: circuit "${before}" counts it already`);
      else if (measured.has(id))
        add(
          place,
          `a meter of no circuit: this one measures "${measured.get(id)}", which counts by itself where it is below`,
        );
      else if (partOf.has(id)) add(place, `the combined meter "${partOf.get(id)}": this one is only a part of it`);
      else if (meter && meter.of === undefined)
        add(place, `a meter that says what it measures: give "${id}" the field "of": "load", "pv" or "storage"`);
      else summed.set(id, form.id);
    });
  }
}

const phasesOf = (form: AnyMeterForm) => ('phases' in form && form.phases) || PHASES;

function unknownMeter(id: string, draft: SiteDraft): string {
  return `the id of a meter of this file${listed(id, [...draft.ids.meters])}`;
}
