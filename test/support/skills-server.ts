/** A stdio server (SDK v2, both eras) with one skill, given as `node skills-server.ts NAME`; two of them make equal URIs. */

import { McpServer } from '@modelcontextprotocol/server';
import { memorySkillFiles, SkillsExtension } from '@modelcontextprotocol/server/ext/skills';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const name = process.argv[2] ?? 'nobody';
const skills = await SkillsExtension.load(
  memorySkillFiles({
    'greet/SKILL.md': `---\nname: greet\ndescription: Greets in the name of ${name}\n---\nSay that ${name} sends greetings.\n`,
    'greet/words.txt': `hello from ${name}\n`,
  }),
);

serveStdio(() => {
  const server = new McpServer({ name, version: '1.0.0' });
  skills.attach(server);
  return server;
});
