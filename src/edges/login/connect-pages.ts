/** What somebody who is signed in does with their accounts at servers: look, connect, disconnect. */

import type { UserActor } from '../../contracts/accounts.ts';
import type { ConnectEnd, ConnectionDesk } from '../../contracts/connections.ts';
import type { Exchange } from '../http/exchange.ts';
import { connectedPage, connectPage, leavePage } from './connect-page.ts';
import { connectionsPage } from './connections-page.ts';
import { html, plainName } from './html.ts';
import type { LoginDeps } from './login-deps.ts';
import { type Note, sendMessage, sendPage, sendSeeOther } from './page.ts';
import { readForm } from './read-form.ts';

const STALE =
  'That was not done: the page was open for too long, or the request came from elsewhere. Please try again.';

const BACK = html`<a class="button" href="/account/connections">Your connections</a>`;

export interface ConnectPages {
  list(exchange: Exchange): Promise<void>;
  disconnect(exchange: Exchange): Promise<void>;
  show(exchange: Exchange, serverId: string): Promise<void>;
  submit(exchange: Exchange, serverId: string): Promise<void>;
}

/** Where a browser comes back to from an authorization server. */
export function sendConnectEnd(exchange: Exchange, end: ConnectEnd): void {
  switch (end.type) {
    case 'connected':
      return sendSeeOther(exchange, `/connect/${encodeURIComponent(end.connection.serverId)}?done=1`);
    case 'signed-in':
      return sendMessage(exchange, 200, 'Signed in', `The gateway is signed in at ${end.serverName}.`);
    case 'unknown':
      return sendMessage(
        exchange,
        400,
        'Nothing to do here any more',
        'This answer of a sign-in page was used before, or came too late, and changed nothing. If you have just connected, all is done; your connections say so. If not, begin again there.',
        BACK,
      );
    case 'other-person':
      return sendMessage(
        exchange,
        403,
        'Not connected',
        'Somebody else began this sign-in than whoever is signed in to the gateway in this browser. Nothing was connected to anybody. If it was you, sign in to the gateway as the one who began it, and begin again.',
        BACK,
      );
    case 'failed': {
      const again = end.mayReload ? ' Reload this page to try again.' : '';
      return sendMessage(exchange, 400, 'Not connected', `The sign-in failed: ${end.reason}.${again}`, BACK);
    }
  }
}

export function createConnectPages({ sessions }: LoginDeps, connections: ConnectionDesk): ConnectPages {
  const withActor = async (exchange: Exchange, go: (actor: UserActor) => Promise<void>): Promise<void> => {
    const actor = await sessions.find(exchange);
    if (actor !== undefined) return go(actor);
    const query = exchange.query.toString();
    const here = `/${exchange.segments.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
    sendSeeOther(exchange, `/login?next=${encodeURIComponent(here)}`);
  };
  const sendList = (exchange: Exchange, actor: UserActor, note: Note, status = 200): void => {
    const token = sessions.csrfToken(exchange) ?? '';
    sendPage(
      exchange,
      connectionsPage({ userName: actor.name, connections: connections.list(actor.id), token, note, status }),
    );
  };
  /** The server, for the one who was meant. Undefined: it was said why not. */
  const admit = (exchange: Exchange, actor: UserActor, serverId: string, link: string) => {
    const connection = connections.find(serverId, actor.id);
    if (connection === undefined) {
      const text = `There is no server here that ${plainName(actor.name)} could connect an account to under this address.`;
      sendMessage(exchange, 404, 'No such server', text, BACK);
      return undefined;
    }
    if (link === '') return connection;
    const meant = connections.readLink(link, serverId);
    if (meant === actor.id) return connection;
    if (meant === undefined) {
      const text = 'This link is too old, or was changed on its way. You can connect without it.';
      sendMessage(exchange, 410, 'This link is no good any more', text, BACK);
      return undefined;
    }
    const text = `This link was made for somebody else’s call, and you are signed in as ${plainName(actor.name)}. Your account is not connected by it. If you did not make that call yourself as another user, whoever sent you the link may want to use your account.`;
    const other = html`<p>If you did, <a href="/logout">sign out</a> and sign in as that user.</p>${BACK}`;
    sendMessage(exchange, 403, 'This link is not for you', text, other);
    return undefined;
  };

  return {
    list: (exchange) =>
      withActor(exchange, async (actor) => {
        const done = exchange.query.get('done');
        const text =
          done === 'disconnected'
            ? 'Disconnected. Calls can be made again once you connect anew.'
            : done === 'untold'
              ? 'Disconnected here. The issuer could not be told: you may want to withdraw what you allowed there, too.'
              : undefined;
        sendList(exchange, actor, text === undefined ? undefined : { type: 'good', text });
      }),
    disconnect: (exchange) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed)
          return sendList(exchange, actor, { type: 'bad', text: STALE }, 403);
        if (connections.find(field('server'), actor.id) === undefined)
          return sendList(exchange, actor, { type: 'bad', text: 'There is no such server any more.' }, 404);
        const isTold = await connections.disconnect(field('server'), actor.id);
        sendSeeOther(exchange, `/account/connections?done=${isTold ? 'disconnected' : 'untold'}`);
      }),
    show: (exchange, serverId) =>
      withActor(exchange, async (actor) => {
        const link = exchange.query.get('for') ?? '';
        const connection = admit(exchange, actor, serverId, link);
        if (connection === undefined) return;
        if (exchange.query.has('done') && connection.state === 'connected')
          return sendPage(exchange, connectedPage(connection));
        const token = sessions.csrfToken(exchange) ?? '';
        sendPage(
          exchange,
          connectPage({ userName: actor.name, connection, token, link, note: undefined, status: 200 }),
        );
      }),
    submit: (exchange, serverId) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        const link = field('for');
        const connection = admit(exchange, actor, serverId, link);
        if (connection === undefined) return;
        const bad = (status: number, text: string): void => {
          const token = sessions.csrfToken(exchange) ?? '';
          const note: Note = { type: 'bad', text };
          sendPage(exchange, connectPage({ userName: actor.name, connection, token, link, note, status }));
        };
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed) return bad(403, STALE);
        if (connection.headers === undefined) {
          const start = await connections.begin(serverId, actor.id);
          if (start.type === 'failed') return bad(502, `You cannot sign in there for now: ${start.reason}.`);
          return sendPage(exchange, leavePage(connection, start.url));
        }
        const values = new Map(connection.headers.map(({ name }, i) => [name, field(`header-${i}`)]));
        const fault = await connections.fill(serverId, actor.id, values);
        if (fault !== undefined) return bad(422, `That was not kept: ${fault}.`);
        sendSeeOther(exchange, `/connect/${encodeURIComponent(serverId)}?done=1`);
      }),
  };
}
