// Checks payloads of one version against the official schemas that typed-ocpp carries as data; it must never change what it checks.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { AppError } from '../engine/app-error.ts';
import type { Payload, RpcErrorCode } from './rpc/frames.ts';

export type PayloadFault = { readonly code: RpcErrorCode; readonly description: string };
export type SchemaModule = Readonly<Record<string, object>>;

/** OCPP-J 1.6 §4.2.3, by the JSON schema keyword that was broken; whatever is not listed is a PropertyConstraintViolation. */
const CODE_OF_KEYWORD: ReadonlyMap<string, RpcErrorCode> = new Map([
  ['type', 'TypeConstraintViolation'],
  ['required', 'OccurenceConstraintViolation'],
  ['minItems', 'OccurenceConstraintViolation'],
  ['maxItems', 'OccurenceConstraintViolation'],
  ['additionalProperties', 'FormationViolation'],
]);

/**
 * `inbound` takes any text as a date-time: a station that stamps its messages badly must not lose its transactions for it, and the
 * time of receipt stands in. `outbound` is strict, because what we send must suit the strictest reader.
 */
export type Direction = 'inbound' | 'outbound';

export class Schemas {
  readonly #schemas: SchemaModule;
  readonly #compilers: { readonly [D in Direction]: Ajv };
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(schemas: SchemaModule) {
    this.#schemas = schemas;
    this.#compilers = { inbound: compiler(), outbound: compiler() };
    this.#compilers.inbound.addFormat('date-time', true);
  }

  /** Requests and responses known, by name such as `HeartbeatRequest`. */
  get names(): readonly string[] {
    return Object.keys(this.#schemas);
  }

  /** Whether the version has such an action, whoever calls it. */
  has(action: string): boolean {
    return Object.hasOwn(this.#schemas, `${action}Request`);
  }

  /** What is wrong with a payload; nothing when all is well. An action without a schema has nothing wrong with it. */
  check(
    direction: Direction,
    action: string,
    message: 'Request' | 'Response',
    payload: Payload,
  ): PayloadFault | undefined {
    const validate = this.#validator(direction, `${action}${message}`);
    if (validate === undefined || validate(payload)) return undefined;
    return faultFrom(validate.errors?.[0]);
  }

  /** Compiled on first use: all of them would cost a second at start. */
  #validator(direction: Direction, name: string): ValidateFunction | undefined {
    const key = `${direction} ${name}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const schema = Object.hasOwn(this.#schemas, name) ? this.#schemas[name] : undefined;
    if (schema === undefined) return undefined;
    const compiled = this.#compilers[direction].compile(schema);
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

/**
 * A loader of one version's schemas: once per process, and compiled there. It rejects with `OCPP_SCHEMAS_MISSING`, and tries afresh when it is
 * asked again. `load` gives the schemas' module and not the package's root, which would compile all versions at once.
 */
export function schemaLoader(version: string, load: () => Promise<unknown>): () => Promise<Schemas> {
  let loaded: Promise<Schemas> | undefined;
  const read = async () => {
    try {
      return new Schemas((await load()) as SchemaModule);
    } catch (cause) {
      const text = `the OCPP ${version} schemas of typed-ocpp cannot be loaded: run npm install`;
      throw new AppError('OCPP_SCHEMAS_MISSING', text, {}, { cause });
    }
  };
  return async () => {
    loaded ??= read();
    try {
      return await loaded;
    } catch (error) {
      loaded = undefined;
      throw error;
    }
  };
}

function compiler(): Ajv {
  // multipleOfPrecision: with the default, 6.1 is no multiple of 0.1.
  const ajv = new Ajv({ strict: false, logger: false, multipleOfPrecision: 6 });
  formats.default(ajv);
  return ajv;
}

function faultFrom(error: ErrorObject | undefined): PayloadFault {
  if (!error) return { code: 'GenericError', description: 'the payload does not follow the schema' };
  const at = error.instancePath === '' ? 'the payload' : error.instancePath.slice(1).replaceAll('/', '.');
  const detail = Object.values(error.params as Record<string, unknown>)
    .map((value) => JSON.stringify(value))
    .join(', ');
  return {
    code: CODE_OF_KEYWORD.get(error.keyword) ?? 'PropertyConstraintViolation',
    description: `${at} ${error.message ?? 'is wrong'} (${error.keyword}: ${detail})`,
  };
}
