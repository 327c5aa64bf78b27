// Sends a limit to the API and turns its refusals into words beside the field; it never retries by itself.

export type LimitChange = { readonly limitAmps: number; readonly untilMinutes?: number; readonly note?: string };
export type Fault = { readonly field?: string; readonly text: string };

/** Longer than the API's own deadline. */
const DEADLINE_MS = 10_000;

/** Sets the limit of a circuit; the fault, or nothing when it was accepted. */
export function setLimit(circuit: string, change: LimitChange): Promise<Fault | undefined> {
  return send(circuit, { method: 'PUT', body: JSON.stringify(change) });
}

/** Clears the limit of a circuit. */
export function clearLimit(circuit: string): Promise<Fault | undefined> {
  return send(circuit, { method: 'DELETE' });
}

function send(circuit: string, request: RequestInit): Promise<Fault | undefined> {
  return sendChange(`/api/v1/circuits/${encodeURIComponent(circuit)}/limit`, request);
}

/** Sends one change; the fault, or nothing when it was accepted. */
export async function sendChange(path: string, request: RequestInit): Promise<Fault | undefined> {
  try {
    const answer = await fetch(path, {
      ...request,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (answer.ok) return undefined;
    const problem = (await answer.json()) as { readonly detail?: string; readonly field?: string };
    return {
      text: problem.detail ?? `Refused with status ${answer.status}.`,
      ...(problem.field === undefined ? {} : { field: problem.field }),
    };
  } catch {
    // No answer: whether the change was made is not known, and saying so is all that can be done here.
    return { text: 'Busbar did not answer. Look at what is in force before you try again.' };
  }
}
