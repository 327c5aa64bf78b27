// `busbar check`: every fault of a site file with its place, or the site as a tree with its floor proof; it starts nothing.

import { type LineBudget, siteLines } from '../config/bus-check.ts';
import { describeFault, type Fault, withoutCredentials } from '../config/fault.ts';
import { proveFloors } from '../config/floor-proof.ts';
import { unbalanceOfFloors } from '../config/floor-unbalance.ts';
import { loadMeterProfiles } from '../config/load-profiles.ts';
import { loadSite } from '../config/load-site.ts';
import type { Note } from '../config/note.ts';
import { packagedProfilesDir } from '../config/package-root.ts';
import type { Site } from '../core/model/site.ts';
import { anchorClock, systemClock } from '../system/clock.ts';
import { describeLines } from './bus-table.ts';
import { commissionNotes } from './commission-notes.ts';
import type { ExitCode, Io } from './io.ts';
import { describeModbusServer, placeModbusServer } from './modbus-server-text.ts';
import { describeProof, describeUnbalance } from './proof-tables.ts';
import { drawContacts, drawGroups, drawOtherMeters, drawSiteTree, growSiteTree } from './site-tree.ts';

/** `profilesDir` stands in for the package's own profiles. */
export type CheckVerbOptions = { readonly file: string; readonly json: boolean; readonly profilesDir?: string };

/** 0 with the whole answer on `io.out`; 1 with one line for each fault, on `io.err`, or as JSON on `io.out`. */
export async function runCheckVerb({ file, json, ...options }: CheckVerbOptions, io: Io): Promise<ExitCode> {
  const loaded = loadSite(file, { ...options, wallNow: systemClock(anchorClock()).wall() });
  if (!loaded.ok) {
    tellFaults(loaded.faults, { file, json }, io);
    return 1;
  }
  const { site } = loaded;
  const notes = [...loaded.notes, ...commissionNotes(site, file)];
  const lines = siteLines(site, loadMeterProfiles(options.profilesDir ?? packagedProfilesDir()));
  if (json) {
    const { id, name, groups, inputs, outputs } = site;
    const proofs = { floorProof: proveFloors(site), floorUnbalance: unbalanceOfFloors(site) };
    const placed = placeModbusServer(site);
    const modbus = placed === undefined ? {} : { modbusServer: { ...site.modbusServer, registers: placed } };
    const tree = growSiteTree(site);
    const contacts = { inputs, outputs };
    const { meters } = site;
    io.out(
      JSON.stringify({ ok: true, id, name, tree, meters, groups, ...contacts, lines, ...modbus, ...proofs, notes }),
    );
    return 0;
  }
  for (const line of describeSite(site, notes, lines)) io.out(line);
  return 0;
}

function tellFaults(
  faults: readonly Fault[],
  { file, json }: { readonly file: string; readonly json: boolean },
  io: Io,
): void {
  if (json) io.out(withoutCredentials(JSON.stringify({ ok: false, faults })));
  else for (const fault of faults) io.err(describeFault(fault));
  io.err(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in ${file}`);
}

function describeSite(site: Site, notes: readonly Note[], budgets: readonly LineBudget[]): string[] {
  const lines = [`${site.name} (${site.id})`, '', ...drawSiteTree(growSiteTree(site)), ''];
  const others = drawOtherMeters(site);
  if (others.length > 0) lines.push(...others, '');
  if (site.groups.length > 0) lines.push(...drawGroups(site.groups), '');
  const contacts = drawContacts(site);
  if (contacts.length > 0) lines.push(...contacts, '');
  const device = describeModbusServer(site);
  if (device.length > 0) lines.push(...device, '');
  lines.push('Floor proof: what all chargers may draw when the controller is silent, and the worst base load, fit.');
  lines.push(...describeProof(proveFloors(site)));
  const unbalance = unbalanceOfFloors(site);
  if (unbalance.length > 0) {
    lines.push(
      '',
      'Unbalance: how far the same floors may pull two phases apart; more than the limit is told, not refused.',
    );
    lines.push(...describeUnbalance(unbalance));
  }
  if (budgets.length > 0) {
    lines.push(
      '',
      'Lines: the time that reading the meters takes, by the bytes of their requests and the silences between.',
    );
    lines.push(...describeLines(budgets));
  }
  if (notes.length > 0) lines.push('', 'Notes', ...notes.map((note) => `- ${note.about}: ${note.text}`));
  return lines;
}
