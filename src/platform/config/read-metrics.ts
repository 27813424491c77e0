/** The metrics section: who may read them. */

import type { MetricsConfig } from '../../contracts/config-sections.ts';
import { Secret } from '../../contracts/secret.ts';
import { type Document, readPart } from './document.ts';
import { Metrics } from './metrics-schema.ts';
import { checkToken } from './read-keys.ts';
import { nodeAt } from './report.ts';

/** Undefined: there is no such section, or it cannot be used, which is reported. */
export function readMetrics(document: Document): MetricsConfig | undefined {
  const node = nodeAt(document.root, ['metrics']);
  if (node === undefined) return undefined;
  const metrics = readPart(document, ['metrics'], node, Metrics, Object.keys(Metrics.shape));
  if (metrics === undefined) return undefined;
  checkToken(document, ['metrics', 'token'], nodeAt(node, ['token']), metrics.token, 'token');
  return { token: new Secret(metrics.token), maxTools: metrics.maxTools };
}
