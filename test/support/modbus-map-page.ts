// The tables of docs/modbus-server.md, made from the code. `node test/support/modbus-map-page.ts` writes them into the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { CAP_FIELDS } from '../../src/modbus/server/cap-record.ts';
import { CIRCUIT_FIELDS } from '../../src/modbus/server/circuit-record.ts';
import {
  ACTIVITIES,
  AUTHORS,
  BASE_LOAD_SOURCES,
  CAP_STATES,
  CAP_UNITS,
  METER_STATES,
  MODES,
  REASONS,
} from '../../src/modbus/server/codes.ts';
import { CONTROLLER_FIELDS } from '../../src/modbus/server/controller-record.ts';
import { EVSE_FIELDS } from '../../src/modbus/server/evse-record.ts';
import { GROUP_FIELDS } from '../../src/modbus/server/group-record.ts';
import { BLOCKS } from '../../src/modbus/server/register-map.ts';
import { COMMON_FIELDS, METER_FIELDS, SUNSPEC_START } from '../../src/modbus/server/sunspec-block.ts';
import type { Field } from '../../src/modbus/server/words.ts';

function fieldTable(column: string, fields: readonly Field<never>[], from = 0): string {
  const rows = [...fields]
    .sort((a, b) => a.at - b.at)
    .map(({ at, name, type, registers, unit, meaning }) => {
      const form = type === 'text' ? `text, ${registers} registers` : type;
      return `| ${from + at} | ${name} | ${form} | ${unit ?? '–'} | ${meaning} |`;
    });
  return [`| ${column} | value | form | unit | meaning |`, '|---:|---|---|---|---|', ...rows].join('\n');
}

function codeTable(codes: Readonly<Record<string, number>>): string {
  return Object.entries(codes)
    .map(([word, code]) => `${code} ${word}`)
    .join(', ');
}

/** All of the page that the code decides. */
export function modbusMapTables(): string {
  const { controller, circuits, EVSEs, groups } = BLOCKS;
  const cap = BLOCKS['external cap'];
  const commonAt = SUNSPEC_START + 2;
  const meterAt = commonAt + 68;
  return [
    '### Controller',
    fieldTable('register', CONTROLLER_FIELDS, controller.start),
    '### External cap',
    fieldTable('register', CAP_FIELDS, cap.start),
    '### Circuits',
    `Circuit *i* (from 0, at most ${circuits.most}) begins at ${circuits.start} + ${circuits.stride} × *i*.`,
    fieldTable('offset', CIRCUIT_FIELDS),
    '### EVSEs',
    `EVSE *i* (from 0, at most ${EVSEs.most}) begins at ${EVSEs.start} + ${EVSEs.stride} × *i*.`,
    fieldTable('offset', EVSE_FIELDS),
    '### Groups',
    `Group *i* (from 0, at most ${groups.most}) begins at ${groups.start} + ${groups.stride} × *i*.`,
    fieldTable('offset', GROUP_FIELDS),
    '### SunSpec',
    `\`SunS\` at ${SUNSPEC_START}, the common model at ${commonAt}, the meter of the connection as model 213 (three phases, floats) at ${meterAt} where it has one, then the end of the chain. Other points of these models read as not available.`,
    fieldTable('register', COMMON_FIELDS, commonAt),
    fieldTable('register', METER_FIELDS, meterAt),
    '### Numbers that stand for words',
    [
      '| value | numbers |',
      '|---|---|',
      `| mode | ${codeTable(MODES)} |`,
      `| state of the external cap | ${codeTable(CAP_STATES)} |`,
      `| its unit | ${codeTable(CAP_UNITS)} |`,
      `| base load from | ${codeTable(BASE_LOAD_SOURCES)} |`,
      `| meter | ${codeTable(METER_STATES)} |`,
      `| author | ${codeTable(AUTHORS)} |`,
      `| status of an EVSE | ${codeTable(ACTIVITIES)} |`,
      `| reason of its share | ${codeTable(REASONS)} |`,
    ].join('\n'),
  ].join('\n\n');
}

if (process.argv[1] === import.meta.filename) {
  const file = new URL('../../docs/modbus-server.md', import.meta.url);
  const page = readFileSync(file, 'utf8');
  const [start, end] = ['<!-- map:start -->\n', '\n<!-- map:end -->'];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/modbus-server.md lacks its markers');
  writeFileSync(file, `${page.slice(0, from + start.length)}${modbusMapTables()}${page.slice(to)}`);
}
