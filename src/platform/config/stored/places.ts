/** Where the parts of a configuration stand in the file: what is stored takes the same places. */

import type { ConfigKind } from '../../../contracts/config-objects.ts';

interface Place {
  /** Sections that hold them, ours first; more than one where other programs write them elsewhere. */
  readonly sections: readonly (readonly string[])[];
  /** Entries by name, or a list whose entries say their names. */
  readonly type: 'by-name' | 'list';
  /** Members that are secret: paths with `*` for any name or index. */
  readonly secrets: readonly string[];
}

export const PLACES: { readonly [kind in ConfigKind]: Place } = {
  server: {
    sections: [['mcpServers'], ['servers'], ['mcp', 'servers']],
    type: 'by-name',
    secrets: [
      ...['headers.*', 'env.*', 'auth.value', 'auth.token', 'auth.username', 'auth.password'],
      'options.oauth.clientSecret',
      'options.oauth.clientCredentials.privateKey',
      'options.tokenExchange.clientSecret',
      'options.tokenExchange.idJag.clientSecret',
    ],
  },
  provider: {
    sections: [['providers']],
    type: 'by-name',
    secrets: [
      ...['apiKey', 'keys.*.value', 'headers.*', 'accessKeyId', 'secretAccessKey', 'sessionToken', 'serviceAccount'],
    ],
  },
  toolset: { sections: [['toolsets']], type: 'by-name', secrets: [] },
  alias: { sections: [['models', 'aliases']], type: 'by-name', secrets: [] },
  route: { sections: [['models', 'routes']], type: 'list', secrets: [] },
  'policy-rule': { sections: [['policy', 'rules']], type: 'list', secrets: [] },
  webhook: { sections: [['webhooks']], type: 'by-name', secrets: ['secret'] },
};

/** Our own settings of a server stand apart from it in the file, and inside of it in the store. */
export const SERVER_OPTIONS = { section: ['serverOptions'], member: 'options' } as const;
