/**
 * How long calls took, as counts in bins that widen by a factor of 2^(1/4): percentiles to within 10 %, whatever the
 * number of calls, in a form that a journal can keep. Keys are bin numbers in decimal; bin b reaches from 2^(b/4) to
 * 2^((b+1)/4) microseconds.
 */
export type LatencyBins = Readonly<Record<string, number>>;

const PER_DOUBLING = 4;

/** The bins with one more call of `milliseconds` (>= 0). */
export function addLatency(bins: LatencyBins, milliseconds: number): LatencyBins {
  const bin = String(Math.max(0, Math.floor(Math.log2(Math.max(1, milliseconds * 1000)) * PER_DOUBLING)));
  return { ...bins, [bin]: (bins[bin] ?? 0) + 1 };
}

/** Of two readings of the same growing counts, in each bin the later. */
export function laterLatency(a: LatencyBins, b: LatencyBins): LatencyBins {
  const out: Record<string, number> = { ...a };
  for (const [bin, count] of Object.entries(b)) out[bin] = Math.max(out[bin] ?? 0, count);
  return out;
}

/**
 * The call below which a share of all calls lies, in milliseconds (the geometric middle of its bin); undefined without calls.
 * @param share in (0, 1]
 */
export function latencyPercentile(bins: LatencyBins, share: number): number | undefined {
  const sorted = Object.entries(bins)
    .map(([bin, count]) => [Number(bin), count] as const)
    .sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bin, count] of sorted) {
    seen += count;
    if (seen >= share * total - 1e-9) return 2 ** ((bin + 0.5) / PER_DOUBLING) / 1000;
  }
  return undefined;
}
