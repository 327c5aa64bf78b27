// The one-file adapter: what it refuses to bind, how it migrates, and what it says when the file is not what it should be.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DatabaseFile, type DatabaseOptions, type Migration, type SqlValue } from '../../src/store/database.ts';
import { JOURNAL_MIGRATIONS } from '../../src/store/journal-file.ts';
import { STATE_MIGRATIONS } from '../../src/store/state-schema.ts';
import { scratchDirectory } from './support.ts';

const one: Migration = {
  version: 1,
  why: 'rows',
  sql: 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT) STRICT;',
};
const two: Migration = {
  version: 2,
  why: 'notes',
  sql: `ALTER TABLE rows ADD COLUMN note TEXT NOT NULL DEFAULT 'none';`,
};
const broken: Migration = { version: 3, why: 'breaks', sql: 'CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);' };

function openFile(path: string, migrations: readonly Migration[] = [one], rest: Partial<DatabaseOptions> = {}) {
  const database = new DatabaseFile({ path, migrations, ...rest });
  onTestFinished(() => database.close());
  return database;
}

const fileIn = (directory: string) => join(directory, 'state.db');

describe('what is bound', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a number beyond 2^53', 2 ** 53],
    ['a boolean', true],
    ['an object', {}],
  ])('%s is refused by name before it reaches the file', (_name, value) => {
    const database = openFile(fileIn(scratchDirectory()));
    const insert = database.prepare('INSERT INTO rows VALUES (1, @text)');
    expect(() => insert.run({ text: value as SqlValue })).toThrow(/parameter "text" is/);
    expect(database.prepare('SELECT * FROM rows').all()).toEqual([]);
  });

  test('a missing parameter is refused', () => {
    const database = openFile(fileIn(scratchDirectory()));
    expect(() => database.prepare('INSERT INTO rows VALUES (@id, @text)').run({ id: 1 })).toThrow(/text/);
  });
});

describe('the file', () => {
  test('is opened with a write-ahead log, full synchronisation and foreign keys', () => {
    const database = openFile(fileIn(scratchDirectory()));
    const pragma = (name: string) => Object.values(database.prepare<object>(`SELECT * FROM pragma_${name}`).get()!)[0];
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('foreign_keys')).toBe(1);
  });

  test('a transaction inside a transaction is refused, and the outer one is taken back', () => {
    const database = openFile(fileIn(scratchDirectory()));
    const insert = database.prepare('INSERT INTO rows VALUES (@id, NULL)');
    expect(() =>
      database.transaction(() => {
        insert.run({ id: 1 });
        database.transaction(() => insert.run({ id: 2 }));
      }),
    ).toThrow(/a transaction inside a transaction/);
    expect(database.prepare('SELECT * FROM rows').all()).toEqual([]);
  });

  test('in a directory that does not exist is named, with what to check', () => {
    const path = join(scratchDirectory(), 'missing', 'state.db');
    expect(() => openFile(path)).toThrow(expect.objectContaining({ code: 'STORE_OPEN_FAILED', fields: { path } }));
  });

  test('that is no database is called damaged', () => {
    const path = fileIn(scratchDirectory());
    writeFileSync(path, 'these are not the pages of a database, but there are many of them. '.repeat(100));
    expect(() => openFile(path)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    expect(readFileSync(path, 'utf8')).toContain('not the pages');
  });
});

describe('migrations', () => {
  test('a new file gets the newest schema and no backup', () => {
    const path = fileIn(scratchDirectory());
    const database = openFile(path, [one, two]);
    expect(database.prepare('SELECT id, text, note FROM rows').all()).toEqual([]);
    expect(existsSync(`${path}.schema-0.bak`)).toBe(false);
  });

  test('an older file is copied whole, then brought up to date with its rows', () => {
    const path = fileIn(scratchDirectory());
    const old = openFile(path, [one]);
    old.prepare('INSERT INTO rows VALUES (@id, @text)').run({ id: 7, text: 'kept' });
    old.close();
    const database = openFile(path, [one, two]);
    expect(database.prepare('SELECT * FROM rows').all()).toEqual([{ id: 7, text: 'kept', note: 'none' }]);
    const backup = openFile(`${path}.schema-1.bak`, [one]);
    expect(backup.prepare('SELECT * FROM rows').all()).toEqual([{ id: 7, text: 'kept' }]);
  });

  test('a migration that breaks leaves the file at its old schema', () => {
    const path = fileIn(scratchDirectory());
    openFile(path, [one]).close();
    expect(() => openFile(path, [one, two, broken])).toThrow(
      expect.objectContaining({ code: 'STORE_MIGRATION_FAILED', fields: { path, found: 1, known: 3 } }),
    );
    const database = openFile(path, [one]);
    expect(database.prepare(`SELECT name FROM pragma_table_info('rows')`).all()).toHaveLength(2);
    expect(database.prepare(`SELECT name FROM sqlite_schema WHERE name = 'half'`).all()).toEqual([]);
  });

  test('a file of a newer Busbar is not touched', () => {
    const path = fileIn(scratchDirectory());
    openFile(path, [one, two]).close();
    expect(() => openFile(path, [one])).toThrow(expect.objectContaining({ code: 'STORE_SCHEMA_NEWER' }));
  });

  test('a reader does not migrate', () => {
    const path = fileIn(scratchDirectory());
    openFile(path, [one]).close();
    expect(() => openFile(path, [one, two], { readOnly: true })).toThrow(
      expect.objectContaining({ code: 'STORE_SCHEMA_OLDER' }),
    );
  });

  test.each([
    ['state', STATE_MIGRATIONS],
    ['journal', JOURNAL_MIGRATIONS],
  ])('the %s file comes to the same schema from each earlier one', (_name, migrations) => {
    const schemaOf = (database: DatabaseFile) =>
      database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
    const fresh = schemaOf(openFile(fileIn(scratchDirectory()), migrations));
    for (let version = 0; version < migrations.length; version++) {
      const path = fileIn(scratchDirectory());
      openFile(path, migrations.slice(0, version)).close();
      expect(schemaOf(openFile(path, migrations))).toEqual(fresh);
    }
  });
});
