/** URI templates (RFC 6570), as far as routing needs them: could this URI have come from that template? */

import { matchesWildcard } from '../../lib/wildcard.ts';

/** A test for one template. Each expression stands for any run of characters; the literal parts must fit. */
export function compileTemplate(template: string): (uri: string) => boolean {
  // A literal star would become a wildcard; routing then only offers the server a URI it refuses itself.
  const pattern = template.replace(/\{[^{}]*\}/g, '*');
  return (uri) => matchesWildcard(pattern, uri);
}
