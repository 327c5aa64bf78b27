// OCPP-J frames: text to frame and back (OCPP-J 1.6 §4); payloads keep their own bytes, because a relay must not rewrite numbers.

import { type JsonFault, scanJson } from './json-scan.ts';

/** OCPP-J 1.6 §4.2.3, in its own spelling (`Occurence`), and the one of 2.x for message types that 1.6 does not know. */
export type RpcErrorCode =
  | 'NotImplemented'
  | 'NotSupported'
  | 'InternalError'
  | 'ProtocolError'
  | 'SecurityError'
  | 'FormationViolation'
  | 'PropertyConstraintViolation'
  | 'OccurenceConstraintViolation'
  | 'TypeConstraintViolation'
  | 'GenericError'
  | 'MessageTypeNotSupported';

export type Payload = Record<string, unknown>;

export type Frame =
  | {
      readonly type: 'call';
      readonly messageId: string;
      readonly action: string;
      readonly payload: Payload;
      readonly rawPayload: string;
    }
  | { readonly type: 'result'; readonly messageId: string; readonly payload: Payload; readonly rawPayload: string }
  | {
      readonly type: 'error';
      readonly messageId: string;
      readonly code: string;
      readonly description: string;
      readonly details: Payload;
      readonly rawDetails: string;
    };

/** A text that is no frame. Only a broken CALL deserves a CALLERROR, and only when its id can be read. */
export type MalformedFrame = {
  readonly type: 'malformed';
  /** What the frame meant to be, where that can be told. */
  readonly meant?: 'call' | 'result' | 'error' | 'other';
  readonly messageId?: string;
  readonly code: RpcErrorCode;
  readonly description: string;
};

/** OCPP-J 1.6 §4.1.4. */
export const MAX_MESSAGE_ID_CHARACTERS = 36;
/** OCPP-J 1.6 §4.2.3; longer ones are cut, coming and going. */
export const MAX_ERROR_DESCRIPTION_CHARACTERS = 255;
/** Ids that break the rule are still sent back in the CALLERROR that says so, up to this length. */
const MAX_ECHOED_ID_CHARACTERS = 128;

const MEANINGS: ReadonlyMap<string, 'call' | 'result' | 'error'> = new Map([
  ['2', 'call'],
  ['3', 'result'],
  ['4', 'error'],
]);

const CODE_OF_FAULT: { readonly [K in JsonFault['kind']]: RpcErrorCode } = {
  syntax: 'FormationViolation',
  depth: 'FormationViolation',
  nodes: 'FormationViolation',
  'duplicate-key': 'FormationViolation',
  'forbidden-key': 'FormationViolation',
  number: 'TypeConstraintViolation',
};

/** Enough of a broken text to answer it: message type and id (OCPP-J 1.6 §4.1.4). */
const OPENING = /^\s*\[\s*([0-9]{1,3})\s*(?:,\s*("(?:[^"\\]|\\.){0,512}"))?/;

type Opening = Pick<MalformedFrame, 'meant' | 'messageId'>;

function openingOf(text: string): Opening {
  const [, type, quotedId] = OPENING.exec(text) ?? [];
  if (type === undefined) return {};
  return { meant: MEANINGS.get(type) ?? 'other', ...echoableId(quotedId) };
}

function echoableId(quotedId: string | undefined): Opening {
  try {
    const id: unknown = quotedId === undefined ? undefined : JSON.parse(quotedId);
    return typeof id === 'string' && id.length <= MAX_ECHOED_ID_CHARACTERS ? { messageId: id } : {};
  } catch {
    // An id that is no JSON string is an id that cannot be read.
    return {};
  }
}

/**
 * Reads one frame (OCPP-J 1.6 §4.1, §4.2). `rawPayload` and `rawDetails` are exact pieces of `text`. Never throws. What is refused:
 * anything that is not JSON, nesting or size beyond `MAX_JSON_DEPTH` and `MAX_JSON_NODES`, duplicate or prototype keys, numbers that
 * do not fit a double, ids longer than 36 characters.
 */
export function parseFrame(text: string): Frame | MalformedFrame {
  const malformed = (code: RpcErrorCode, description: string): MalformedFrame => ({
    type: 'malformed',
    ...openingOf(text),
    code,
    description,
  });
  const scan = scanJson(text);
  if (!scan.ok) return malformed(CODE_OF_FAULT[scan.fault.kind], `not acceptable as JSON: ${scan.fault.text}`);
  if (scan.outer !== 'array') return malformed('ProtocolError', 'a frame is a JSON array');
  const [type, quotedId, ...rest] = scan.elements;
  const meaning = MEANINGS.get(type ?? '');
  if (meaning === undefined)
    return malformed('MessageTypeNotSupported', `message type ${(type ?? 'none').slice(0, 20)}`);
  const messageId: unknown = quotedId === undefined ? undefined : JSON.parse(quotedId);
  if (typeof messageId !== 'string' || messageId === '' || messageId.length > MAX_MESSAGE_ID_CHARACTERS)
    return malformed('ProtocolError', `a message id is a string of 1 to ${MAX_MESSAGE_ID_CHARACTERS} characters`);
  if (meaning === 'call') return readCall(messageId, rest, malformed);
  if (meaning === 'result') return readResult(messageId, rest, malformed);
  return readError(messageId, rest, malformed);
}

type Refuse = (code: RpcErrorCode, description: string) => MalformedFrame;

function readCall(messageId: string, rest: readonly string[], malformed: Refuse): Frame | MalformedFrame {
  const [quotedAction, rawPayload] = rest;
  const action: unknown = quotedAction === undefined ? undefined : JSON.parse(quotedAction);
  if (typeof action !== 'string' || action === '') return malformed('FormationViolation', 'a CALL names its action');
  if (rest.length !== 2 || !isObjectText(rawPayload))
    return malformed('FormationViolation', 'a CALL is [2, id, action, {payload}]');
  return { type: 'call', messageId, action, payload: JSON.parse(rawPayload), rawPayload };
}

function readResult(messageId: string, rest: readonly string[], malformed: Refuse): Frame | MalformedFrame {
  const [rawPayload] = rest;
  if (rest.length !== 1 || !isObjectText(rawPayload))
    return malformed('FormationViolation', 'a CALLRESULT is [3, id, {payload}]');
  return { type: 'result', messageId, payload: JSON.parse(rawPayload), rawPayload };
}

/** Lenient where a CALLERROR lacks its description or details: its code alone settles the CALL. */
function readError(messageId: string, rest: readonly string[], malformed: Refuse): Frame | MalformedFrame {
  const [code, description]: unknown[] = rest.slice(0, 2).map((element) => JSON.parse(element));
  if (typeof code !== 'string') return malformed('FormationViolation', 'a CALLERROR is [4, id, code, text, {details}]');
  const rawDetails = isObjectText(rest[2]) ? rest[2] : '{}';
  return {
    type: 'error',
    messageId,
    code: code.slice(0, MAX_ERROR_DESCRIPTION_CHARACTERS),
    description: typeof description === 'string' ? cutDescription(description) : '',
    details: JSON.parse(rawDetails),
    rawDetails,
  };
}

const isObjectText = (text: string | undefined): text is string => text?.startsWith('{') === true;

/** Cuts to 255 characters, never through a surrogate pair. */
function cutDescription(description: string): string {
  const cut = description.slice(0, MAX_ERROR_DESCRIPTION_CHARACTERS);
  return /[\uD800-\uDBFF]$/.test(cut) && cut.length < description.length ? cut.slice(0, -1) : cut;
}

/** `[2, id, action, payload]`; `rawPayload` MUST be the text of a JSON object. */
export function writeCall(messageId: string, action: string, rawPayload: string): string {
  return `[2,${JSON.stringify(messageId)},${JSON.stringify(action)},${rawPayload}]`;
}

/** `[3, id, payload]`; `rawPayload` MUST be the text of a JSON object. */
export function writeResult(messageId: string, rawPayload: string): string {
  return `[3,${JSON.stringify(messageId)},${rawPayload}]`;
}

/** `[4, id, code, description, details]`; the description is cut at 255 characters. */
export function writeError(messageId: string, code: string, description: string, rawDetails = '{}'): string {
  return `[4,${JSON.stringify(messageId)},${JSON.stringify(code)},${JSON.stringify(cutDescription(description))},${rawDetails}]`;
}
