/** Histograms over one set of bounds, many of them side by side in typed arrays: observing one allocates nothing. */

/** One histogram as it is written out. `counts` has one more than there are bounds: what lies beyond the last. */
export interface HistogramFigures {
  readonly counts: readonly number[];
  readonly sum: number;
}

const FIRST_SLOTS = 16;

export class HistogramTable {
  readonly bounds: readonly number[];
  readonly #bounds: Float64Array;
  readonly #width: number;
  #counts: Float64Array<ArrayBuffer>;
  #sums: Float64Array<ArrayBuffer>;
  #slots = 0;

  /** `bounds` ascend; a value that equals one lies below it. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#bounds = Float64Array.from(bounds);
    this.#width = bounds.length + 1;
    this.#counts = new Float64Array(FIRST_SLOTS * this.#width);
    this.#sums = new Float64Array(FIRST_SLOTS);
  }

  /** A histogram of its own, by its number. */
  addSlot(): number {
    if (this.#slots === this.#sums.length) {
      this.#counts = grown(this.#counts);
      this.#sums = grown(this.#sums);
    }
    return this.#slots++;
  }

  observe(slot: number, value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    // Beyond the last bound there is none to compare with, which ends it.
    while (value > (bounds[bucket] as number)) bucket++;
    const at = slot * this.#width + bucket;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sums[slot] = (this.#sums[slot] ?? 0) + value;
  }

  read(slot: number): HistogramFigures {
    const from = slot * this.#width;
    return { counts: [...this.#counts.subarray(from, from + this.#width)], sum: this.#sums[slot] ?? 0 };
  }
}

/** The same values in twice the room. */
export function grown(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
