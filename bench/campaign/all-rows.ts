// The 48 rows of the fault table, in their order.
import type { Row } from './row.ts';
import { controlRows } from './rows/control.ts';
import { limitRows } from './rows/limits.ts';
import { meterRows } from './rows/meters.ts';
import { stationRows } from './rows/stations.ts';
import { structureRows } from './rows/structure.ts';
import { upstreamAndDiskRows } from './rows/upstream-and-disk.ts';

export const allRows: readonly Row[] = [
  ...controlRows,
  ...meterRows,
  ...stationRows,
  ...upstreamAndDiskRows,
  ...limitRows,
  ...structureRows,
].sort((a, b) => a.number - b.number);
