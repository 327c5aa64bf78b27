// docs/site-file.md is true: its example loads, its defaults are those of the code, and it leaves no field out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { combinedMeterForm } from '../../src/config/combined-meter-form.ts';
import { defaultPolicy } from '../../src/config/default-policy.ts';
import { groupForm } from '../../src/config/group-form.ts';
import { contactForm, inputForm, inputLimitForm } from '../../src/config/input-form.ts';
import { busForm, meterForm } from '../../src/config/meter-form.ts';
import { externalCapForm, modbusServerForm } from '../../src/config/modbus-server-form.ts';
import { mqttForm, mqttMeterForm } from '../../src/config/mqtt-meter-form.ts';
import { outputForm } from '../../src/config/output-form.ts';
import { policyForm } from '../../src/config/policy-form.ts';
import { baseLoadForm, circuitForm, evseForm, siteForm, stationForm, tlsForm } from '../../src/config/site-schema.ts';
import { pushedMeterForm, stationMeterForm } from '../../src/config/told-meter-forms.ts';
import { goodSite, rawSite, repositoryRoot } from './support.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'site-file.md'), 'utf8');

test('the complete small example is a site in order, with nothing to remark but what it shows', () => {
  const [example, ...more] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1]!);
  expect(more).toEqual([]);
  const { site, notes } = goodSite(JSON.parse(example!));
  expect(site.circuits.map((circuit) => circuit.id)).toEqual(['main', 'carport']);
  expect(site.evses.map((evse) => [evse.id, evse.phases.join(' '), evse.floorAmps])).toEqual([
    ['CP01/1', 'L2 L3 L1', 6],
    ['CP02/1', 'L1 L2 L3', 0],
  ]);
  expect(site.groups).toMatchObject([{ id: 'customers', evses: ['CP02/1', 'CP01/1'], limitAmps: { L1: 40 } }]);
  expect(notes.map((note) => note.about)).toEqual(['circuit carport', 'station CP02', 'listen.stations']);
});

test.each(
  Object.entries({
    site: siteForm,
    circuit: circuitForm,
    bus: busForm,
    meter: meterForm,
    input: inputForm,
    'limit of an input': inputLimitForm,
    contact: contactForm,
    output: outputForm,
    combined: combinedMeterForm,
    pushed: pushedMeterForm,
    'station meter': stationMeterForm,
    'MQTT meter': mqttMeterForm,
    broker: mqttForm,
    station: stationForm,
    evse: evseForm,
    group: groupForm,
    modbusServer: modbusServerForm,
    externalCap: externalCapForm,
    tls: tlsForm,
  }),
)('every field of a %s is explained', (_, form) => {
  const cells = [...page.matchAll(/^\| ([^|]+) \|/gm)].map((match) => match[1]!).join(' ');
  const missing = Object.keys(form.shape).filter((field) => !new RegExp(`\`${field}[\`.]`).test(cells));
  expect(missing).toEqual([]);
});

test.each(Object.keys(baseLoadForm.shape))('baseLoad.%s is explained', (field) => {
  expect(page).toMatch(new RegExp(`^\\| \`baseLoad\\.${field}\` \\|`, 'm'));
});

test('the policy of a file has the fields of the policy that it becomes', () => {
  expect(Object.keys(policyForm.shape).sort()).toEqual(Object.keys(defaultPolicy).sort());
});

test('the policy table gives the defaults of the code, each field once', () => {
  const table = page.slice(page.indexOf('## Policy'), page.indexOf('## The floor proof'));
  const stated = [...table.matchAll(/^\| `([\w.]+)` \|[^|]+\| `?([\w.-]+)`? \|$/gm)].map(([, field, value]) => [
    field,
    value,
  ]);
  const { meter, increase, pause, rampDown, ...rest } = defaultPolicy;
  const parts = { meter, increase, pause, rampDown };
  const named = (prefix: string, part: object) =>
    Object.entries(part).map(([field, value]) => [`${prefix}${field}`, String(value)]);
  expect(stated.sort()).toEqual(
    [...named('', rest), ...Object.entries(parts).flatMap(([prefix, part]) => named(`${prefix}.`, part))].sort(),
  );
});

test('what the file leaves out takes the stated defaults', () => {
  const { site } = goodSite(rawSite());
  expect(site).toMatchObject({
    name: 'yard',
    nominalVolts: 230,
    policy: defaultPolicy,
    listen: { stations: { host: '127.0.0.1', port: 9220 }, http: { host: '127.0.0.1', port: 8220 } },
  });
  expect(site.meters[0]).toMatchObject({
    pollMs: 1000,
    factor: 1,
    plausibleAmps: 315,
    connection: { endpoint: { transport: 'tcp', port: 502 }, unitId: 1 },
  });
  expect(site.evses[0]).toMatchObject({ number: 1, minAmps: 6, floorAmps: 6, priority: 0, weight: 1, supply: 'ac' });
  const raw = rawSite();
  delete raw.circuits[0].marginAmps;
  expect(goodSite(raw).site.circuits[0]!.marginAmps).toEqual({ L1: 3.15, L2: 3.15, L3: 3.15 });
});
