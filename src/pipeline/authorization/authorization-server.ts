/**
 * Our authorization server. The protocol is a library's, which is asked without a connection and never meets a browser: sessions,
 * cookies and pages are ours, and so is what is kept.
 */

import type {
  AuthorizationDesk,
  AuthorizationEndpoints,
  AuthorizationServerConfig,
} from '../../contracts/authorization-server.ts';
import type { Sealer } from '../../contracts/sealing.ts';
import { createClients } from './clients.ts';
import { createDesk, type DeskDeps } from './desk.ts';
import { createEndpoints } from './endpoints.ts';
import { createKeptRecords, type KeptRecords } from './kept-records.ts';
import { createProtocol } from './protocol.ts';

export interface AuthorizationServerDeps
  extends Pick<DeskDeps, 'store' | 'isAlive' | 'ownKeys' | 'note' | 'now' | 'newHex' | 'log'> {
  /** As it is in force; undefined: there is no authorization server. */
  readonly config: () => AuthorizationServerConfig | undefined;
  /** Origin of the gateway as browsers and clients know it. */
  readonly issuer: () => Promise<string>;
  readonly sealer: Sealer;
  readonly fetchDocument: Parameters<typeof createClients>[0]['fetchDocument'];
  /** Whether somebody may act at all. */
  readonly isActive: (userId: string) => Promise<boolean>;
  /** 256 random bits, base64url. */
  readonly newSecret: () => string;
}

export interface AuthorizationServer {
  readonly desk: AuthorizationDesk;
  readonly endpoints: AuthorizationEndpoints;
  readonly records: KeptRecords;
}

/** The library is loaded at the first request that needs it. */
export function createAuthorizationServer(deps: AuthorizationServerDeps): AuthorizationServer {
  const records = createKeptRecords(deps);
  const clients = createClients({ ...deps, records });
  const protocol = createProtocol({ ...deps, records, clients });
  const isOpen = (): boolean => deps.config() !== undefined;
  return {
    records,
    desk: createDesk({ ...deps, protocol, records, clients, isOpen }),
    endpoints: createEndpoints({ ...deps, open: protocol.open }),
  };
}
