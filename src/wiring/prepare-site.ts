// All that a controller needs of its site before it may begin: the checked site, its meters' profiles, the upstream's password.

import { describeFault } from '../config/fault.ts';
import { loadSiteText, readSiteText } from '../config/load-site.ts';
import type { Site } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import { type MakeMeters, siteMeters } from './meters.ts';

export type PreparedSite =
  | {
      readonly ok: true;
      readonly text: string;
      readonly site: Site;
      readonly meters: MakeMeters;
      readonly upstreamPassword?: string;
    }
  /** One sentence a fault, with its place. */
  | { readonly ok: false; readonly faults: readonly string[] };

/** `text` is the file's, where it is known already; `file` then only names it. Never throws for what a person wrote. */
export function prepareSite(file: string, text?: string): PreparedSite {
  const read = text === undefined ? readSiteText(file) : { ok: true as const, text };
  if (!read.ok) return { ok: false, faults: [describeFault(read.fault)] };
  const loaded = loadSiteText(read.text, file);
  if (!loaded.ok) return { ok: false, faults: loaded.faults.map(describeFault) };
  const { site } = loaded;
  const variable = site.upstream?.passwordEnv;
  const password = variable === undefined ? undefined : process.env[variable];
  if (variable !== undefined && password === undefined) {
    const fault = `${file}: upstream.passwordEnv: the environment variable ${variable} is not set; set it to the upstream's password.`;
    return { ok: false, faults: [fault] };
  }
  try {
    const meters = siteMeters(site);
    const secret = password === undefined ? {} : { upstreamPassword: password };
    return { ok: true, text: read.text, site, meters, ...secret };
  } catch (error) {
    if (error instanceof AppError) return { ok: false, faults: [`${file}: meters: ${error.message}`] };
    throw error;
  }
}
