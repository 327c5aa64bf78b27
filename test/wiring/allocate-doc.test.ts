// The page of `busbar allocate` is true: its examples give what they show, its table names every field, and its schema is the one in force.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import { runAllocateVerb } from '../../src/wiring/allocate-verb.ts';
import { situationJsonSchema } from '../../src/wiring/situation-schema.ts';
import { rememberingIo, repositoryRoot } from '../config/support.ts';
import { allocateOn } from './situation-site.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'allocate.md'), 'utf8');
const schema = JSON.parse(readFileSync(join(repositoryRoot, 'docs', 'allocate.schema.json'), 'utf8')) as object;

const examples = [
  ...page.matchAll(
    /^### (.+)\n[\s\S]*?--site (site-config\/\w+\.json)`:\n\n```json\n([\s\S]*?)\n```\n```text\n([\s\S]*?)\n```/gm,
  ),
].map(([, title, site, situation, shown]) => ({ title: title!, site: site!, situation: situation!, shown: shown! }));

describe('the page', () => {
  test('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(6);
  });

  test.each(examples)('$title', ({ site, situation, shown }) => {
    const loaded = loadSite(join(repositoryRoot, site));
    if (!loaded.ok) throw new Error(`${site} has faults`);
    const { code, out, err } = allocateOn(loaded.site, situation, false);
    expect(code).toBe(shown.startsWith('standard input') ? 1 : 0);
    const lines = [...out.split('\n'), ...err];
    let from = 0;
    for (const line of shown.split('\n').filter((one) => one !== '…')) {
      const at = lines.indexOf(line, from);
      expect(at, `not printed, or not in this order: ${line}`).toBeGreaterThanOrEqual(from);
      from = at + 1;
    }
  });

  test('names every field, and no other', () => {
    const named = [...page.slice(page.indexOf('## Fields')).matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) =>
      cell!.split(', ').map((name) => name.replaceAll('`', '')),
    );
    expect([...new Set(named)].sort()).toEqual(fieldsOf(situationJsonSchema() as Node, '').sort());
  });
});

type Node = { properties?: Record<string, Node>; additionalProperties?: Node | false; items?: Node };

/** Every field that may be written, as the page writes them; a container is named when its parts are. */
function fieldsOf(node: Node, path: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const own = path === '' ? name : `${path}.${name}`;
    if (typeof child.additionalProperties === 'object') {
      const inner = fieldsOf(child.additionalProperties, `${own}.ID`);
      return ['meters', 'evses'].includes(own) ? [`${own}.ID`, ...inner] : inner;
    }
    if (child.items?.properties) return [`${own}[]`, ...fieldsOf(child.items, `${own}[]`)];
    return [own, ...(child.properties && own.endsWith('.wish') ? fieldsOf(child, own) : [])];
  });
}

describe('the schema', () => {
  test('on the page is the one in force: busbar allocate --schema > docs/allocate.schema.json', async () => {
    const io = rememberingIo();
    const nothing = (async function* () {})();
    expect(await runAllocateVerb({ json: false, schema: true }, nothing, io)).toBe(0);
    expect(JSON.parse(io.outLines.join('\n'))).toEqual(schema);
  });

  test('accepts every good example, and refuses what busbar refuses', () => {
    const validate = new Ajv2020({ strict: false }).compile(schema);
    for (const { title, situation, shown } of examples) {
      if (shown.startsWith('standard input')) continue;
      expect(validate(JSON.parse(situation)), `${title}: ${JSON.stringify(validate.errors)}`).toBe(true);
    }
    for (const wrong of [
      [],
      { evse: {} },
      { meters: { main: {} } },
      { meters: { main: { currentAmps: [1, 2] } } },
      { evses: { 'A/1': { car: 'yes' } } },
      { limits: [{ circuit: 'main', limitAmps: -1 }] },
    ]) {
      expect(validate(wrong), JSON.stringify(wrong)).toBe(false);
      expect(allocateOn(loadedDemo(), wrong).code).toBe(1);
    }
  });
});

function loadedDemo() {
  const loaded = loadSite(join(repositoryRoot, 'site-config', 'demo.json'));
  if (!loaded.ok) throw new Error('the demo site has faults');
  return loaded.site;
}
