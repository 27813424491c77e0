/** Milliseconds to the microsecond: what the clock says beyond is noise. */
export const toWholeMicros = (ms: number): number => Math.round(ms * 1_000) / 1_000;
