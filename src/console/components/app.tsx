// The page from top to bottom: state first, trouble next, then circuits, the chart, the limit and every charger.

import { isStale, site, state } from '../live.ts';
import { Circuits } from './circuits.tsx';
import { Contacts } from './contacts.tsx';
import { EmergencyStopBanner } from './emergency-stop.tsx';
import { EvseTable } from './evse-table.tsx';
import { Header } from './header.tsx';
import { LimitControl } from './limit-control.tsx';
import { LoadChart } from './load-chart.tsx';
import { Meters } from './meters.tsx';
import { Connection, Notices } from './notices.tsx';

export function App() {
  const view = state.value;
  const known = site.value;
  return (
    <>
      <Header />
      <Connection />
      {view && known && (
        <main data-stale={isStale.value ? 'yes' : 'no'}>
          <EmergencyStopBanner site={known} stop={view.emergencyStop} />
          <Notices notices={view.notices} />
          <div class="columns">
            <Circuits site={known} circuits={view.circuits} meters={view.meters} />
            <div class="stack">
              <LoadChart site={known} />
              <LimitControl site={known} state={view} />
              <Contacts site={known} contacts={view.contacts} />
            </div>
          </div>
          <Meters site={known} meters={view.meters} />
          <EvseTable site={known} evses={view.evses} wallNowMs={view.wallNowMs} />
        </main>
      )}
    </>
  );
}
