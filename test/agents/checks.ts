/** What each agent is asked to do, once with each provider, and how it is seen that it did. */

import type { Agent } from './agents.ts';
import type { AgentEnd } from './run-agent.ts';

interface Check {
  readonly id: string;
  readonly prompt: (agent: Agent, provider: string, noteFile: string) => string;
  /** What the agent then says in the end. The prompt does not contain it. */
  readonly says: string;
}

/** What the file says that the agent reads. */
export const NOTE = 'a pomegranate';

export const CHECKS: readonly Check[] = [
  { id: 'answer', prompt: () => 'Please answer.\n!say One persimmon\n!chunks 5', says: 'One persimmon' },
  { id: 'own tool', prompt: (agent, _, file) => `Please read.\n${agent.readNote(file)}`, says: NOTE },
  {
    id: "gateway's tool",
    prompt: (agent, provider) =>
      `Please echo.\n!call ${agent.mcpTool('everything__echo', provider)} {"message":"quince"}`,
    says: 'Echo: quince',
  },
];

/** What was wrong; undefined: nothing. */
export function findFault({ says }: Check, { code, stdout, stderr }: AgentEnd): string | undefined {
  // The prompt holds the answer of the first check: an agent that repeats it has shown nothing.
  if (code === 0 && stdout.includes(says) && !stdout.includes('!say')) return undefined;
  const end = code === null ? 'was ended by a signal' : `ended with ${code}`;
  return `${end}\nstdout: ${stdout.slice(-1_000)}\nstderr: ${stderr.slice(-2_000)}`;
}
