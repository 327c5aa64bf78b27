// The console's first line: mounts the page and opens the live stream.

import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { App } from './components/app.tsx';
import { startLive } from './live.ts';

const root = document.getElementById('console');
if (!root) throw new Error('index.html: expected an element with the id "console"');
startLive();
render(<App />, root);
