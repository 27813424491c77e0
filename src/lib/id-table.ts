/**
 * Entries under growing numbers that come and go by the thousand: calls in flight. A `Map` with such a churn replaces its
 * table every few dozen entries, and each dead table keeps its successor alive, with every entry that was in it.
 */

const FIRST_SLOTS = 64;
const FREE = -1;

/** Like a Map from whole numbers (0 or more), walked in ascending order. Open addressing: a number rests at or after its home. */
export class IdTable<T> {
  #keys = new Float64Array(FIRST_SLOTS).fill(FREE);
  #values: (T | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #mask = FIRST_SLOTS - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Any number may be asked for, also one a stranger made up. */
  get(id: number): T | undefined {
    return this.#values[this.#slotOf(id)];
  }

  has(id: number): boolean {
    return id !== FREE && this.#keys[this.#slotOf(id)] === id;
  }

  set(id: number, value: T): void {
    if (!Number.isSafeInteger(id) || id < 0) throw new RangeError(`${id} is no id`);
    if (this.#size * 2 > this.#mask) this.#grow();
    const slot = this.#slotOf(id);
    if (this.#keys[slot] !== id) this.#size++;
    this.#keys[slot] = id;
    this.#values[slot] = value;
  }

  delete(id: number): boolean {
    if (!this.has(id)) return false;
    let hole = this.#slotOf(id);
    this.#size--;
    // What was pushed behind the hole moves up, so that it is found without a mark where the hole was.
    for (let slot = (hole + 1) & this.#mask; this.#keys[slot] !== FREE; slot = (slot + 1) & this.#mask) {
      const key = this.#keys[slot] ?? FREE;
      const isAwayFromHome = ((slot - key) & this.#mask) >= ((slot - hole) & this.#mask);
      if (!isAwayFromHome) continue;
      this.#keys[hole] = key;
      this.#values[hole] = this.#values[slot];
      hole = slot;
    }
    this.#keys[hole] = FREE;
    this.#values[hole] = undefined;
    return true;
  }

  clear(): void {
    this.#keys.fill(FREE);
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** What is deleted while walking does not come any more; what is added comes in the next walk. */
  *keys(): Generator<number, void> {
    for (const key of this.#keys.slice().sort()) if (this.has(key)) yield key;
  }

  *values(): Generator<T, void> {
    for (const key of this.keys()) yield this.#values[this.#slotOf(key)] as T;
  }

  *[Symbol.iterator](): Generator<[number, T], void> {
    for (const key of this.keys()) yield [key, this.#values[this.#slotOf(key)] as T];
  }

  /** Where the number is, or the free slot where it would be; at least half of the slots are free. */
  #slotOf(id: number): number {
    let slot = id & this.#mask;
    for (;;) {
      const key = this.#keys[slot];
      if (key === id || key === FREE) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    const slots = keys.length * 2;
    this.#keys = new Float64Array(slots).fill(FREE);
    this.#values = new Array(slots).fill(undefined);
    this.#mask = slots - 1;
    keys.forEach((key, index) => {
      if (key === FREE) return;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[index];
    });
  }
}
