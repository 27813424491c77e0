import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CallFrame,
  type CpuProfile,
  foldProfile,
  type Place,
  sharesByKind,
  topFunctions,
} from './fold-profile.ts';

const frame = (functionName: string, url = 'file:///x.js', lineNumber = 0): CallFrame => ({
  ...{ functionName, url, lineNumber, columnNumber: 0 },
});

const locate = ({ functionName, url, lineNumber }: CallFrame): Place => ({
  name: functionName,
  where: url === '' ? '' : `x:${lineNumber}`,
  kind: url === '' ? 'native' : 'ours',
});

/** main calls work, which calls write; work was compiled twice. Each sample lasts 100 µs but the last, which has no end. */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)', ''), children: [2, 3] },
    { id: 2, callFrame: frame('main'), children: [4, 5] },
    { id: 3, callFrame: frame('(idle)', '') },
    { id: 4, callFrame: frame('work', undefined, 7), children: [6] },
    { id: 5, callFrame: frame('work', undefined, 7), children: [7] },
    { id: 6, callFrame: frame('write', '') },
    { id: 7, callFrame: frame('write', '') },
  ],
  startTime: 1_000,
  samples: [2, 4, 6, 3, 5, 7, 3],
  timeDeltas: [0, 100, 100, 100, 100, 100, 100],
};
const ALL = { fromUs: 0, toUs: 10_000 };

test('time is counted until the next sample, idle time not at all', () => {
  const root = foldProfile(PROFILE, ALL, locate);
  assert.equal(root.totalUs, 500);
  assert.deepEqual(
    root.children.map(({ place, selfUs, totalUs }) => [place.name, selfUs, totalUs]),
    [['main', 100, 500]],
  );
});

test('nodes of one function under one caller become one frame, and so do those below', () => {
  const work = foldProfile(PROFILE, ALL, locate).children[0]?.children ?? [];
  assert.deepEqual(
    work.map(({ place, selfUs, totalUs, children }) => [place.name, selfUs, totalUs, children.length]),
    [['work', 200, 400, 1]],
  );
});

test('only what ran within the window counts, samples at its ends in part', () => {
  const root = foldProfile(PROFILE, { fromUs: 1_150, toUs: 1_420 }, locate);
  const shares = topFunctions(root, 9).map(({ place, share }) => [place.name, Math.round(share * root.totalUs)]);
  assert.deepEqual(shares, [
    ['write', 100],
    ['work', 70],
  ]);
});

test('functions are ranked by their own time wherever they were called, and kinds add up to everything', () => {
  const root = foldProfile(PROFILE, ALL, locate);
  assert.deepEqual(
    topFunctions(root, 2).map(({ share }) => share),
    [0.4, 0.4],
  );
  assert.deepEqual(sharesByKind(root), [
    { kind: 'ours', share: 0.6 },
    { kind: 'native', share: 0.4 },
  ]);
});

test('what is not ours is put down to the nearest function of ours that called for most of it', () => {
  const named = (call: CallFrame): Place => ({
    ...locate(call),
    where: call.functionName === 'main' || call.functionName === 'work' ? `src/${call.functionName}.ts` : '',
  });
  const found = topFunctions(foldProfile(PROFILE, ALL, named), 9);
  assert.deepEqual(
    found.map(({ place, owner }) => [place.name, owner?.name]),
    [
      ['work', undefined],
      ['write', 'work'],
      ['main', undefined],
    ],
  );
});
