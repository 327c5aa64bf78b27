// How much a script may hold, so that reading and playing it has an end.

export const MAX_HAPPENINGS = 500_000;
export const MAX_SCRIPT_HOURS = 24 * 366;
