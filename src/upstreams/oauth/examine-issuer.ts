/** Whether a server's metadata and those of its authorization server are what a sign-in needs. */

import { firstOf, type Members, type Say } from './finding.ts';
import type { FetchLike } from './guarded-fetch.ts';

/** Returns the issuer it names. */
export async function examineResource(
  fetchFn: FetchLike,
  serverUrl: string,
  named: URL | undefined,
  say: Say,
): Promise<string | undefined> {
  const step = 'resource metadata';
  const { origin, pathname } = new URL(serverUrl);
  const path = pathname === '/' ? '' : pathname;
  const wellKnown = `${origin}/.well-known/oauth-protected-resource`;
  const urls = named === undefined ? [...new Set([wellKnown + path, wellKnown])] : [named.href];
  const { found, tried } = await firstOf(fetchFn, urls);
  if (found?.json === undefined) {
    const verdict = named === undefined ? 'skipped' : 'wrong';
    say(
      step,
      verdict,
      `no document (${tried}); the server’s own origin is taken for the issuer`,
      named === undefined
        ? undefined
        : 'Its WWW-Authenticate names this address: have whoever runs the server mend it.',
    );
    return undefined;
  }
  const { resource, authorization_servers: issuers } = found.json;
  const isOfServer =
    typeof resource === 'string' &&
    URL.canParse(resource) &&
    new URL(resource).origin === origin &&
    serverUrl.startsWith(resource.replace(/\/$/, ''));
  if (!isOfServer)
    say(
      step,
      'wrong',
      `${found.url} is of the resource ${JSON.stringify(resource)}, not of ${serverUrl}`,
      'Write the address of the server as its metadata has it, or have whoever runs it mend the metadata.',
    );
  const [issuer] = Array.isArray(issuers) ? issuers : [];
  if (typeof issuer !== 'string') {
    say(step, 'wrong', `${found.url} names no authorization server`, 'Have whoever runs the server mend it.');
    return undefined;
  }
  if (isOfServer) say(step, 'ok', `${found.url} names ${issuer}`);
  return issuer;
}

/** Undefined: a sign-in could not go on. */
export async function examineIssuer(fetchFn: FetchLike, issuer: string, say: Say): Promise<Members | undefined> {
  const step = 'authorization server metadata';
  if (!URL.canParse(issuer)) {
    say(step, 'wrong', `${JSON.stringify(issuer)} is no address`, 'Have whoever runs the server mend its metadata.');
    return undefined;
  }
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...(path === '' ? [] : [`${origin}${path}/.well-known/openid-configuration`]),
  ];
  const { found, tried } = await firstOf(fetchFn, urls);
  if (found?.json === undefined) {
    say(step, 'wrong', `no document (${tried})`, 'Is the authorization server running, and reachable from here?');
    return undefined;
  }
  const { json } = found;
  const faults: string[] = [];
  if (json.issuer !== issuer && json.issuer !== issuer.replace(/\/$/, ''))
    faults.push(`it is of the issuer ${JSON.stringify(json.issuer)}, not ${issuer}`);
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    const url = json[name];
    if (typeof url !== 'string' || !URL.canParse(url)) faults.push(`there is no ${name}`);
    else if (!/^https?:$/.test(new URL(url).protocol)) faults.push(`${name} is not http or https`);
  }
  const methods = json.code_challenge_methods_supported;
  if (!Array.isArray(methods) || !methods.includes('S256')) faults.push('it does not offer PKCE with S256');
  if (faults.length > 0) {
    say(step, 'wrong', `${found.url}: ${faults.join('; ')}`, 'Have whoever runs the authorization server mend it.');
    return undefined;
  }
  const names = json.authorization_response_iss_parameter_supported === true;
  const revokes = typeof json.revocation_endpoint === 'string';
  say(
    step,
    'ok',
    `${found.url}: PKCE, ${names ? 'names itself in answers' : 'does not name itself in answers (RFC 9207)'}, ${revokes ? 'takes revocations' : 'takes no revocations'}`,
  );
  return json;
}
