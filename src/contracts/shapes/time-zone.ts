/** A time zone by its IANA name, wherever people write one: one that is not known would fail only when the first call comes. */

import { z } from 'zod';

export const TimeZone = z
  .string()
  .max(64)
  .refine(
    (name) => {
      try {
        new Intl.DateTimeFormat('en', { timeZone: name });
        return true;
      } catch {
        return false;
      }
    },
    { error: 'is no time zone; write a name such as "Europe/Berlin"' },
  );
