// What the page knows, as signals fed by the live stream; it must never show old numbers as if they were new.

import { computed, signal } from '@preact/signals';
import type { AgedStateView, HistoryView, SiteView } from '../core/model/state-view.ts';
import { PHASES } from '../core/model/units.ts';

/** Older states are greyed out. */
export const STALE_AFTER_MS = 5_000;
/** What the chart shows. */
export const CHART_MS = 15 * 60_000;
/** Points of the chart at most; the oldest goes first. */
const MAX_POINTS = 1_000;
const RECONNECT_MS = 3_000;

export type Point = { readonly atWallMs: number; readonly values: readonly (number | null)[] };

export const site = signal<SiteView | undefined>(undefined);
export const state = signal<AgedStateView | undefined>(undefined);
/** Oldest first; the values are the limit, L1, L2, L3. */
export const points = signal<readonly Point[]>([]);
export const isConnected = signal(false);

/** When the shown cycle was decided, on this page's own steady clock: the two machines' wall clocks need not agree. */
const decidedAt = signal(Number.NEGATIVE_INFINITY);
const now = signal(performance.now());

export const ageMs = computed(() => Math.max(0, now.value - decidedAt.value));
export const isStale = computed(() => state.value !== undefined && ageMs.value > STALE_AFTER_MS);

/** Opens the stream and keeps it open for as long as the page lives. */
export function startLive(): void {
  setInterval(() => {
    now.value = performance.now();
  }, 500);
  open();
}

function open(): void {
  const stream = new EventSource('/api/v1/stream');
  stream.addEventListener('open', () => {
    isConnected.value = true;
    void load<SiteView>('/api/v1/site', (view) => {
      site.value = view;
      document.title = `${view.name} · Busbar`;
    });
    void load<HistoryView>('/api/v1/history', fillHistory);
  });
  stream.addEventListener('cycle', (event) => take(JSON.parse(event.data) as AgedStateView));
  stream.addEventListener('error', () => {
    isConnected.value = false;
    // A refusal (too many pages) ends an EventSource for good: a new one is needed. While it tries by itself, let it.
    if (stream.readyState === EventSource.CLOSED) setTimeout(open, RECONNECT_MS);
  });
}

function take(view: AgedStateView): void {
  now.value = performance.now();
  decidedAt.value = now.value - view.ageMs;
  state.value = view;
  const root = view.circuits[0];
  if (!root) return;
  const limit = Math.min(...PHASES.map((phase) => root.phases[phase].limitAmps));
  const metered = PHASES.map((phase) => root.phases[phase].meteredAmps ?? null);
  merge([{ atWallMs: view.wallNowMs, values: [limit, ...metered] }]);
}

function fillHistory(history: HistoryView): void {
  merge(
    history.atWallMs.map((atWallMs, i) => ({
      atWallMs,
      values: [history.limitAmps[i] ?? null, ...PHASES.map((phase) => history.meteredAmps[phase][i] ?? null)],
    })),
  );
}

function merge(news: readonly Point[]): void {
  const byTime = new Map([...points.value, ...news].map((point) => [point.atWallMs, point]));
  const sorted = [...byTime.values()].sort((a, b) => a.atWallMs - b.atWallMs);
  const newest = sorted.at(-1)?.atWallMs ?? 0;
  points.value = sorted.filter((point) => point.atWallMs > newest - CHART_MS).slice(-MAX_POINTS);
}

async function load<T>(path: string, done: (view: T) => void): Promise<void> {
  try {
    const answer = await fetch(path);
    if (answer.ok) done((await answer.json()) as T);
  } catch {
    // The connection broke: the stream notices too, shows the banner, and loads again when it is back.
  }
}
