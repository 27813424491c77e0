// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveReferences } from './resolve-references.ts';

const scope = { env: { HOME: '/home/ann', TOKEN: 't1', EMPTY: '' }, folder: '/etc/gate', pasted: false };
const pasted = { ...scope, pasted: true };

test('references are replaced wherever they stand in a text, several times', () => {
  const cases: [raw: string, inOurs: string, inPasted: string][] = [
    ['plain $5 {x}', 'plain $5 {x}', 'plain $5 {x}'],
    ['Bearer ${env:TOKEN}, ${env:TOKEN}!', 'Bearer t1, t1!', 'Bearer t1, t1!'],
    ['${env:NONE:-fall back}', 'fall back', 'fall back'],
    ['${env:EMPTY:-fall back}', 'fall back', 'fall back'],
    ['[${env:EMPTY}]', '[]', '[]'],
    ['${env:NONE:-}', '', ''],
    ['$${env:TOKEN}', '${env:TOKEN}', '${env:TOKEN}'],
  ];
  for (const [raw, ours, theirs] of cases) {
    assert.deepEqual(resolveReferences(raw, scope), { text: ours, faults: [] }, raw);
    assert.deepEqual(resolveReferences(raw, pasted), { text: theirs, faults: [] }, raw);
  }
});

test('in a pasted entry the references of Claude Code, VS Code and Cursor are understood', () => {
  for (const [raw, text] of [
    ['${TOKEN}', 't1'],
    ['${NONE:-x:-y}', 'x:-y'],
    ['${workspaceFolder}/a', '/etc/gate/a'],
    ['${workspaceFolderBasename}', 'gate'],
    ['${userHome}${/}b${pathSeparator}c', '/home/ann/b/c'],
  ] as const)
    assert.deepEqual(resolveReferences(raw, pasted), { text, faults: [] }, raw);
});

test('what cannot be resolved is named without its value, with a remedy', () => {
  const first = (raw: string, in_ = pasted) => {
    const fault = resolveReferences(raw, in_).faults[0];
    return [fault?.message, fault?.remedy, fault?.harmless];
  };
  assert.deepEqual(first('${env:NONE}', scope), [
    'the environment variable NONE is not set',
    'set it before starting, or give a default: ${env:NONE:-…}',
    false,
  ]);
  assert.deepEqual(first('${NONE}'), [
    'the environment variable NONE is not set',
    'set it before starting, or give a default: ${NONE:-…}',
    false,
  ]);
  assert.deepEqual(first('${input:github-token}'), [
    '${input:github-token} asks the user of VS Code, which a gateway cannot',
    'write ${env:GITHUB_TOKEN} and set that variable before starting',
    false,
  ]);
  assert.deepEqual(first('${TOKEN}', scope), ['this ${…} is no reference here', 'write ${env:TOKEN}', false]);
  assert.equal(first('${env:}')[0], 'a reference with no valid variable name');
  assert.equal(first('x${env:TOKEN')[0], 'a reference is opened with ${ but never closed');
  assert.equal(first('${env:NONE:-${env:TOKEN}}')[0], 'a reference inside a reference');
  assert.equal(first('${config:python.path}')[0], '${config:python.path} exists only inside VS Code');
  assert.equal(first('${toString}')[0], 'the environment variable toString is not set');
});

test('a ${…} of somebody else in a pasted entry is passed on, with a warning', () => {
  const { text, faults } = resolveReferences('echo ${x[0]} ${TOKEN}', pasted);
  assert.equal(text, 'echo ${x[0]} t1');
  assert.deepEqual(
    faults.map((fault) => fault.harmless),
    [true],
  );
});

test('a text full of openings takes no longer than its length allows', () => {
  const many = 100_000;
  assert.equal(resolveReferences('${'.repeat(many), pasted).text.length, 2 * many);
  assert.equal(resolveReferences('${env:'.repeat(many), pasted).faults.length, 1);
});
