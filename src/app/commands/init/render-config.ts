/** The text of a new `portcullis.json`, with the comments that explain it. */

import type { JsonObject } from '../../../contracts/json.ts';

export interface NewConfig {
  readonly servers: JsonObject;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

const indented = (value: unknown): string => JSON.stringify(value, undefined, 2).replaceAll('\n', '\n  ');

/** JSON with comments. Sections that keep their defaults stand there as comments. */
export function renderConfig(config: NewConfig): string {
  const listen = {
    ...(config.host === undefined ? {} : { host: config.host }),
    ...(config.port === undefined ? {} : { port: config.port }),
  };
  const isDefault = Object.keys(listen).length === 0;
  return `// Portcullis configuration. \`portcullis check\` says what is wrong with it.
// Changes are applied while the gateway runs; a mistake leaves the old configuration in force.
{
  // The MCP servers, written as Claude Desktop, Cursor and VS Code write them: paste what you have.
  // A value written as "\${env:NAME}" is taken from the environment: no secret has to stand here.
  "mcpServers": ${indented(config.servers)},

  // Models, by provider. With { "openai": { "apiKey": "\${env:OPENAI_API_KEY}" } } clients ask for "openai/gpt-5". The one
  // below needs neither key nor network: "fake/echo" repeats what it is told.
  // "providers": { "fake": {} },

  // Our own settings of a server, by its name above.
  // "serverOptions": { "github": { "callTimeoutMs": 60000, "redactArguments": ["token"] } },

  // Where the gateway listens. Anything but a loopback address opens it to the network.
  ${isDefault ? '// "listen": { "host": "127.0.0.1", "port": 8484 },' : `"listen": ${JSON.stringify(listen)},`}

  // Keys are best made with \`portcullis keys create\`; they can also stand here.
  // "keys": [{ "name": "ci", "value": "\${env:CI_KEY}", "allow": ["github/get_*"] }],

  // The record of every list and call.
  // "audit": { "maxAgeDays": 30, "arguments": true },
}
`;
}
