// What the HTTP routes may see and do, as one plain interface: the server fills it in, the routes never reach past it.

import type { CycleRecord } from '../core/model/decision.ts';
import type { Site } from '../core/model/site.ts';
import type { StateView } from '../core/model/state-view.ts';
import type { Surroundings } from '../engine/ports.ts';
import type { ControlAnswer, ControlRequest, PushedReading, PushOutcome } from '../engine/requests.ts';
import type { History } from './history.ts';
import type { Stream, StreamEvent } from './stream.ts';

/** One part of the house, for /readyz. */
export type HealthPart = { readonly name: string; readonly isReady: boolean; readonly detail?: string };

export type ApiOptions = {
  /** Port 0 takes a free one; `ApiServer.address` tells which. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly site: Site;
  /** Opens everything to its holder from beyond loopback; empty: nobody gets in from there. */
  readonly token: string;
  /** The built console: index.html and assets/. */
  readonly consoleDir: string;
  /** Hands a person's wish to the control room; its answer is waited for a bounded time. */
  readonly onRequest: (request: ControlRequest) => Promise<ControlAnswer>;
  /** Hands a meter's reading to the control room; absent: no meter of the site is pushed. */
  readonly onPush?: (reading: PushedReading) => Promise<PushOutcome>;
  /** What besides a recent cycle makes the controller ready, asked at each /readyz. */
  readonly health: () => readonly HealthPart[];
};

/** The control room took no more, or did not answer in time. */
export type SilentOutcome = { readonly ok: false; readonly code: 'API_CONTROL_BUSY' | 'API_CONTROL_SILENT' };
export type AskOutcome = ControlAnswer | SilentOutcome;

export type ApiRoom = Surroundings & {
  readonly options: ApiOptions;
  readonly history: History;
  readonly stream: Stream;
  /** The newest cycle with its view, made on demand; absent until the first. */
  latest(): { readonly record: CycleRecord; readonly view: StateView; readonly event: StreamEvent } | undefined;
  /** Age of the newest cycle; before the first one, the time since the start. */
  silenceMs(): number;
  ask(request: ControlRequest): Promise<AskOutcome>;
  push(reading: PushedReading): Promise<PushOutcome | SilentOutcome>;
};
