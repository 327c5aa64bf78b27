// Numbers of a sum that cannot be together: what it would say with every meter lost must not be more than the worst that the floors are proved with.

import type { Circuit } from '../core/model/site.ts';
import { PHASES } from '../core/model/units.ts';
import type { Part, SiteDraft } from './site-draft.ts';
import type { CircuitForm } from './site-schema.ts';

type Add = (path: readonly PropertyKey[], expected: string, value?: unknown) => void;

/** Sums of three numbers of two decimals differ by less. */
const TOLERANCE_AMPS = 1e-6;

/**
 * A metered circuit may be commissioned with less than its branches together, because its meter shows that their worsts do not meet. A sum has
 * no such proof, so its worst holds all of them.
 */
export function checkSums(
  draft: SiteDraft,
  tree: readonly { readonly part: Part<CircuitForm>; readonly circuit: Circuit }[],
  add: Add,
): void {
  const worstOf = new Map(draft.meters.map(({ form }) => [form.id, form.worstAmps]));
  for (const { part, circuit } of tree) {
    const { sum, worstBaseLoadAmps } = circuit;
    if (sum === undefined) continue;
    const at = [...part.path, 'baseLoad'];
    if (part.form.baseLoad.allowanceAmps !== undefined)
      add([...at, 'allowanceAmps'], 'no allowance beside a sum: what nobody measures belongs in sum.otherAmps');
    const children = tree.filter(({ circuit: { parent } }) => parent === circuit.id);
    for (const phase of PHASES) {
      const below = children.reduce((total, child) => total + child.circuit.worstBaseLoadAmps[phase], 0);
      const metered = sum.meters.reduce((total, id) => total + (worstOf.get(id)?.[phase] ?? 0), 0);
      const least = Number((below + metered + sum.otherAmps[phase]).toFixed(6));
      if (worstBaseLoadAmps[phase] >= least - TOLERANCE_AMPS) continue;
      add(
        [...at, 'worstAmps'],
        `at least ${least} A on ${phase}, which its sum says once every meter is lost: ${below} A of the circuits below, ` +
          `${metered} A of its meters and ${sum.otherAmps[phase]} A of others`,
      );
      break;
    }
  }
}
