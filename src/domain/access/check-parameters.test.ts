import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Caller, Grant, ParameterCaps } from '../../contracts/caller.ts';
import { type AskedParameters, boundsParameters, checkParameters, describeRefusal } from './check-parameters.ts';

const grant = (parameters: ParameterCaps | undefined): Grant => ({ allow: ['*'], deny: [], parameters });
const callerOf = (own: ParameterCaps | undefined, ...above: (ParameterCaps | undefined)[]): Caller => ({
  ...{ keyId: 'k', keyName: 'k', grant: grant(own) },
  levels: above.map((caps, i) => ({ type: 'team', id: `t${i}`, name: `t${i}`, grant: grant(caps), limits: undefined })),
});

test('a request is within every bound of every level, or the first that it breaks is named', () => {
  const value = fc.option(fc.nat(3), { nil: undefined });
  const caps = fc.option(
    fc.record({ maxOutputTokens: value, maxTemperature: value, maxChoices: value, maxReasoningTokens: value }),
    { nil: undefined },
  );
  const asked = fc.record({ maxOutputTokens: value, temperature: value, choices: value, reasoningTokens: value });
  fc.assert(
    fc.property(fc.array(caps, { minLength: 1, maxLength: 4 }), asked, ([own, ...above], wanted) => {
      const all = [own, ...above];
      const keeps = (each: ParameterCaps | undefined): boolean =>
        each === undefined ||
        ((each.maxOutputTokens === undefined ||
          (wanted.maxOutputTokens !== undefined && wanted.maxOutputTokens <= each.maxOutputTokens)) &&
          (wanted.temperature ?? 0) <= (each.maxTemperature ?? 9) &&
          (wanted.choices ?? 0) <= (each.maxChoices ?? 9) &&
          (wanted.reasoningTokens ?? 0) <= (each.maxReasoningTokens ?? 9));
      const refusal = checkParameters(callerOf(own, ...above), wanted);
      const first = all.findIndex((each) => !keeps(each));
      assert.equal(refusal?.level.id, first === -1 ? undefined : first === 0 ? 'k' : `t${first - 1}`);
      if (refusal !== undefined) assert.equal(all[first]?.[refusal.rule], refusal.max);
      assert.equal(
        boundsParameters(callerOf(own, ...above)),
        all.some((each) => each !== undefined),
      );
    }),
  );
});

test('a refusal says what was asked, what is allowed, and whose bound it is', () => {
  const say = (asked: AskedParameters): string => {
    const refusal = checkParameters(callerOf({ maxTemperature: 1 }, { maxOutputTokens: 100 }), asked);
    return refusal === undefined ? 'none' : describeRefusal(refusal);
  };
  assert.equal(say({ temperature: 1.5 }), '1.5 is more than 1 (maxTemperature of key "k")');
  assert.equal(say({ maxOutputTokens: 101 }), '101 is more than 100 (maxOutputTokens of team "t0")');
  assert.match(say({}), /has to name a bound .* at most 100 tokens \(maxOutputTokens of team "t0"\)/);
  assert.equal(say({ maxOutputTokens: 100, temperature: 1 }), 'none');
});
