/** A tool with a zod schema. Its name is the file's: `greet`. */

import { tool, z } from 'portcullis/tools';
import { capitalize } from './lib/capitalize.ts';

export default tool({
  description: 'Greets somebody by name.',
  input: z.object({ name: z.string().min(1).describe('Whom to greet') }),
  annotations: { readOnly: true },
  // Only variables named in portcullis.json are there.
  handler: ({ name }) => `${process.env.GREETING}, ${capitalize(name)}!`,
});
