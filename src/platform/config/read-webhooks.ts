/** The section `webhooks`: who is told of events. */

import { Secret } from '../../contracts/secret.ts';
import type { WebhookConfig } from '../../contracts/webhooks.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import { checkToken } from './read-keys.ts';
import { isLoopbackHost } from './read-listen.ts';
import { nodeAt, type Path } from './report.ts';
import { Webhook } from './webhooks-schema.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Undefined if there is no such section. Faults are reported. */
export function readWebhooks(document: Document): readonly WebhookConfig[] | undefined {
  const { root, report } = document;
  const section = nodeAt(root, ['webhooks']);
  if (section === undefined) return undefined;
  if (section.type !== 'object') {
    report.problem(
      ['webhooks'],
      `expected an object {…}, got ${describeKind(section)}`,
      'write { "ops": { "url": "https://…", "secret": "$' + '{env:NAME}" } }',
    );
    return undefined;
  }
  const hooks: WebhookConfig[] = [];
  for (const { key: name, value: node } of section.members) {
    const path = ['webhooks', name];
    if (!NAME.test(name))
      report.problem(path, 'is no name for a webhook', 'use letters, digits, "_" and "-", at most 64');
    const hook = readPart(document, path, node, Webhook, Object.keys(Webhook.shape));
    if (hook === undefined) continue;
    checkAddress(document, [...path, 'url'], hook.url);
    checkToken(document, [...path, 'secret'], nodeAt(node, ['secret']), hook.secret, 'secret');
    hooks.push({ name, url: hook.url, secret: new Secret(hook.secret), events: hook.events });
  }
  return hooks;
}

/** What is told is of interest to others, so it travels sealed. */
function checkAddress({ report }: Document, path: Path, written: string): void {
  const url = URL.parse(written);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    report.problem(path, 'is no http address', 'write https://host/path');
  else if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    report.problem(path, 'would send events in clear over a network', 'write https://, or an address of this machine');
  else if (url.username !== '' || url.password !== '')
    report.problem(path, 'holds a user name or password', 'take them out: the signature says who sends');
}
