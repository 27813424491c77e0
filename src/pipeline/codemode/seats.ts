/** So much work at once, and the rest in the order in which it came. */

export function createSeats(seats: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return async (work) => {
    if (taken >= seats) await new Promise<void>((resolve) => waiting.push(resolve));
    else taken++;
    try {
      return await work();
    } finally {
      // Whoever is next takes the seat over.
      const next = waiting.shift();
      if (next === undefined) taken--;
      else next();
    }
  };
}
