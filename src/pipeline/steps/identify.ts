/** Step: who calls. */

import type { Step } from '../../contracts/call.ts';
import type { Keyring } from '../keyring.ts';

export function createIdentify(deps: { keyring: Pick<Keyring, 'identify'> }): Step {
  return (call, next) => {
    call.facts.caller = deps.keyring.identify(call.credential);
    return next();
  };
}
