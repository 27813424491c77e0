/** Extensions of MCP (2026-07-28, `capabilities.extensions`) that travel through the gateway whole, in both directions. */

/**
 * Only these are declared, to clients and to servers: of any other we would refuse the methods. Tasks are to be added
 * together with their methods.
 */
export const RELAYED_EXTENSIONS = ['io.modelcontextprotocol/ui', 'io.modelcontextprotocol/skills'] as const;

export const SKILLS_EXTENSION = 'io.modelcontextprotocol/skills';
