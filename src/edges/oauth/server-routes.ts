/** What MCP clients ask of our authorization server over HTTP: its metadata, tokens, registration, revocation. People's pages are in `login/`. */

import type { AuthorizationEndpoints } from '../../contracts/authorization-server.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';

/** RFC 8414, and where clients look that know OpenID Connect alone. */
const METADATA = ['oauth-authorization-server', 'openid-configuration'];
/** Any web page may read them: they are the same for all, and tell nothing of what is behind. */
export const SERVER_METADATA: readonly string[] = METADATA.map((name) => `/.well-known/${name}`);

type Endpoint = Parameters<AuthorizationEndpoints['answer']>[0];
const ENDPOINTS: readonly Endpoint[] = ['token', 'register', 'revoke'];

export function createAuthorizationRoutes(endpoints: AuthorizationEndpoints): Route {
  const sendMetadata = async (exchange: Exchange): Promise<void> =>
    exchange.sendJson(200, JSON.stringify(await endpoints.metadata()), { 'Cache-Control': 'public, max-age=300' });

  const answer = async (exchange: Exchange, endpoint: Endpoint): Promise<void> => {
    const { status, headers, body } = await endpoints.answer(endpoint, {
      contentType: exchange.header('content-type') ?? '',
      authorization: exchange.header('authorization'),
      body: await exchange.bytes(),
    });
    exchange.sendText(status, headers['Content-Type'] ?? 'application/json', body, headers);
  };

  return (exchange) => {
    const [first, second, more] = exchange.segments;
    if (more !== undefined || !endpoints.isOpen()) return false;
    if (first === '.well-known' && METADATA.some((name) => name === second)) {
      if (exchange.method !== 'GET') throw methodNotAllowed('GET');
      return sendMetadata(exchange);
    }
    const endpoint = first === 'oauth' ? ENDPOINTS.find((each) => each === second) : undefined;
    if (endpoint === undefined) return false;
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    return answer(exchange, endpoint);
  };
}
