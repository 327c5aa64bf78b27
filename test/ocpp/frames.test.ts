// Frames: what is read, what is refused and with which code (F1 to F13 of the bad-input campaign), and that bytes are kept.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFrame, writeCall, writeError, writeResult } from '../../src/ocpp/rpc/frames.ts';
import { MAX_JSON_DEPTH, MAX_JSON_NODES, scanJson } from '../../src/ocpp/rpc/json-scan.ts';

describe('frames', () => {
  test('a CALL keeps the payload byte for byte', () => {
    const text = ' [ 2 , "id-1" , "MeterValues" , { "a" : 1.50 , "b":[6.10,1e2, "\\u0041" ] } ] ';
    const frame = parseFrame(text);
    expect(frame).toMatchObject({ type: 'call', messageId: 'id-1', action: 'MeterValues', payload: { a: 1.5 } });
    expect(frame.type === 'call' && frame.rawPayload).toBe('{ "a" : 1.50 , "b":[6.10,1e2, "\\u0041" ] }');
  });

  test('a CALLERROR is settled by its code even where the rest is missing, and its description is cut at 255', () => {
    expect(parseFrame('[4,"x","NotSupported"]')).toMatchObject({
      type: 'error',
      code: 'NotSupported',
      description: '',
    });
    const long = parseFrame(writeError('x', 'GenericError', '<b>'.repeat(2_000)));
    expect(long.type === 'error' && long.description.length).toBe(255);
    expect(parseFrame('[4,"x","E","d",null]')).toMatchObject({ rawDetails: '{}', details: {} });
  });

  const deep = (depth: number) => `[2,"i","A",${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}]`;
  test.each([
    // text, code, id that can be answered
    ['', 'FormationViolation', undefined],
    ['not json', 'FormationViolation', undefined],
    ['null', 'ProtocolError', undefined],
    ['{}', 'ProtocolError', undefined],
    ['[]', 'MessageTypeNotSupported', undefined],
    ['[9]', 'MessageTypeNotSupported', undefined],
    ['[5,"i",{}]', 'MessageTypeNotSupported', 'i'],
    ['[6,"i","Notify",{}]', 'MessageTypeNotSupported', 'i'],
    ['["2","i","A",{}]', 'MessageTypeNotSupported', undefined],
    ['[2,7,"A",{}]', 'ProtocolError', undefined],
    ['[2,"","A",{}]', 'ProtocolError', ''],
    [`[2,"${'x'.repeat(37)}","A",{}]`, 'ProtocolError', 'x'.repeat(37)],
    [`[2,"${'x'.repeat(600)}","A",{}]`, 'ProtocolError', undefined],
    ['[2,"i"]', 'FormationViolation', 'i'],
    ['[2,"i","A"]', 'FormationViolation', 'i'],
    ['[2,"i",7,{}]', 'FormationViolation', 'i'],
    ['[2,"i","A",[]]', 'FormationViolation', 'i'],
    ['[2,"i","A",null]', 'FormationViolation', 'i'],
    ['[2,"i","A",{},1]', 'FormationViolation', 'i'],
    ['[2,"i","StopTransaction",{"transactionId":,"meterStop":1}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"limit":6,"limit":600}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"l\\u0069mit":6,"limit":600}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"__proto__":{"x":1}}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"a":{"constructor":{"prototype":{}}}}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"\\u005f_proto__":1}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"a":1e999}]', 'TypeConstraintViolation', 'i'],
    ['[2,"i","A",{"a":9007199254740993}]', 'TypeConstraintViolation', 'i'],
    ['[2,"i","A",{"a":0x10}]', 'FormationViolation', 'i'],
    ['[2,"i","A",{"a":NaN}]', 'FormationViolation', 'i'],
    [deep(MAX_JSON_DEPTH), 'FormationViolation', 'i'],
    [deep(8_000), 'FormationViolation', 'i'],
    [`[2,"i","A",{"a":[${'0,'.repeat(MAX_JSON_NODES)}0]}]`, 'FormationViolation', 'i'],
    ['[3,"i",7]', 'FormationViolation', 'i'],
    ['[4,"i"]', 'FormationViolation', 'i'],
  ])('%.60s is refused with %s', (text, code, messageId) => {
    const frame = parseFrame(text);
    expect(frame).toMatchObject({ type: 'malformed', code });
    expect(frame.messageId).toBe(messageId);
  });

  test('nothing is polluted by what was refused', () => {
    parseFrame('[2,"i","A",{"__proto__":{"polluted":1}}]');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('exactly the greatest depth is taken', () => {
    expect(parseFrame(deep(MAX_JSON_DEPTH - 1)).type).toBe('call');
  });

  test('whatever can be said in JSON comes back unchanged', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((k) => !/proto|constructor/.test(k)),
          fc.jsonValue({ maxDepth: 5 }),
        ),
        (payload) => {
          const raw = JSON.stringify(payload, null, 1);
          fc.pre(scanJson(raw).ok);
          const call = parseFrame(writeCall('1', 'X', raw));
          const result = parseFrame(writeResult('1', raw));
          expect(call.type === 'call' && call.rawPayload).toBe(raw);
          expect(result.type === 'result' && result.payload).toEqual(JSON.parse(raw));
        },
      ),
    );
  });

  test('the scanner takes no text that JSON.parse refuses, and every text within the bounds that it takes', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\n',
      '\u0001',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const scan = scanJson(text);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (scan.ok) expect(isJson).toBe(true);
        else if (scan.fault.kind === 'syntax') expect(isJson).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});
