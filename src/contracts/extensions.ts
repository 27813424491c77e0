/** Extensions of MCP (2026-07-28, `capabilities.extensions`) that travel through the gateway whole, in both directions. */

export const SKILLS_EXTENSION = 'io.modelcontextprotocol/skills';
/** Modern era only: a call may be answered with a task, to be asked after later. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** Only these are declared, to clients and to servers: of any other we would refuse the methods. */
export const RELAYED_EXTENSIONS = ['io.modelcontextprotocol/ui', SKILLS_EXTENSION, TASKS_EXTENSION] as const;
