/** A question with yes or no, on a terminal. */

import { confirm as ask, isCancel } from '@clack/prompts';

/** No, unless somebody says yes; without a terminal nobody is asked. */
export async function confirm(message: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const answer = await ask({ message, initialValue: false });
  return !isCancel(answer) && answer === true;
}
