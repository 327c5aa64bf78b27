// A serial line without a cable: two pseudo terminals joined by socat, and pymodbus as the devices at its far end.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startChild } from './children.ts';

const SOCAT = '/usr/bin/socat';
const PYTHON = '/usr/bin/python3';
const DEVICE = join(import.meta.dirname, 'serial-meter.py');

export type SerialLine = { readonly near: string; readonly far: string };
/** Register blocks by unit. */
export type Image = { readonly [unit: number]: readonly (readonly [number, readonly number[]])[] };

/** Why there can be no serial line on this machine; absent when there can. */
export const noSerialLine = (): string | undefined => (existsSync(SOCAT) ? undefined : `no ${SOCAT}`);

/** Both ends exist when it resolves; the test's end takes them down. */
export async function startSerialLine(): Promise<SerialLine> {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-line-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [near, far] = [join(folder, 'near'), join(folder, 'far')];
  const ends = [near, far].map((link) => `pty,raw,echo=0,link=${link}`).join(' ');
  const socat = await startChild('/bin/sh', ['-c', `exec ${SOCAT} -d -d ${ends} 2>&1`]);
  onTestFinished(socat.stop);
  return { near, far };
}

/** Serves `image` at the far end. Undefined, when pymodbus is not there. */
export async function startSerialDevices(line: SerialLine, baud: number, image: Image): Promise<true | undefined> {
  if (!existsSync(PYTHON)) return undefined;
  const child = await startChild(PYTHON, [DEVICE, line.far, String(baud), JSON.stringify(image)]).catch(
    (error: Error) => {
      // Without the Python packages there is no second opinion to be had on this machine.
      if (/ModuleNotFoundError/.test(error.message)) return undefined;
      throw error;
    },
  );
  if (child) onTestFinished(child.stop);
  return child && true;
}
