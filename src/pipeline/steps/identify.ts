/** Step: who calls. */

import type { SharedStep } from '../../contracts/call.ts';
import type { Keyring } from '../keyring.ts';

export function createIdentify(deps: { keyring: Pick<Keyring, 'identify'> }): SharedStep {
  return (call, next) => {
    call.facts.caller = deps.keyring.identify(call.credential);
    return next();
  };
}
