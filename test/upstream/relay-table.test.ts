// The relay table and the page that shows it say the same, and every action of OCPP 1.6 has its row.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DOWN_RULES, downWay, UP_RULES } from '../../src/upstream/relay-table.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/upstream.md'), 'utf8');

const rowsOfCode = [...Object.entries(UP_RULES), ...Object.entries(DOWN_RULES)].map(
  ([action, { direction, whenUp, whenDown, stored }]) => [action, direction, whenUp, whenDown, stored],
);

test('docs/upstream.md shows exactly the relay table', () => {
  const rowsOfPage = page
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 7 && (cells[2] === 'up' || cells[2] === 'down'))
    .map((cells) => cells.slice(1, 6));
  expect(rowsOfPage).toEqual(rowsOfCode);
});

test('every action of OCPP 1.6 and its security white paper has a row', () => {
  expect(Object.keys(UP_RULES)).toHaveLength(10 + 4);
  // 19 of the core; of the white paper 7.
  expect(Object.keys(DOWN_RULES)).toHaveLength(19 + 7);
});

test.each([
  ['SetChargingProfile', 'virtual'],
  ['setchargingprofile', 'misspelt'],
  ['Reset', 'forward'],
  ['VendorThing', 'forward'],
  ['toString', 'forward'],
])('upstream calls %s: %s', (action, way) => {
  expect(downWay(action)).toBe(way);
});
