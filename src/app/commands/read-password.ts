/** A password for somebody: typed twice on a terminal without being shown, or the first line of standard input. */

import { isCancel, password } from '@clack/prompts';
import { CommandError, EXIT } from './command-error.ts';

const MAX_CHARS = 4_096;

export async function readPassword(userName: string): Promise<string> {
  return process.stdin.isTTY ? askTwice(userName) : readLine();
}

async function ask(message: string): Promise<string> {
  const answer = await password({ message });
  if (isCancel(answer) || answer === undefined) throw new CommandError(EXIT.failed, 'nothing was changed');
  return answer;
}

async function askTwice(userName: string): Promise<string> {
  const first = await ask(`Password for ${userName}`);
  if (first !== (await ask('The same again'))) throw new CommandError(EXIT.failed, 'the two are not the same');
  return first;
}

async function readLine(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_CHARS) break;
  }
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '')
    throw new CommandError(EXIT.usage, 'no password on standard input', 'Type it on a terminal, or use --invite.');
  return line;
}
