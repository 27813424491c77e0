/** Rewrites the URIs inside definitions and results of one server to the ones `/mcp` shows; every other byte stays. */

import type { JsonText } from '../../contracts/json.ts';
import { scanElements, scanMembers, withMembers } from '../../lib/json-text.ts';

/** From the server's own URI to the one to show. */
export type ShowUri = (uri: string) => string;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

function apply(text: JsonText, edits: readonly Edit[]): JsonText {
  let out = '';
  let from = 0;
  for (const { start, end, value } of edits.toSorted((a, b) => a.start - b.start)) {
    out += text.slice(from, start) + value;
    from = end;
  }
  return edits.length === 0 ? text : out + text.slice(from);
}

type Find = (text: JsonText, at: number, show: ShowUri, edits: Edit[]) => void;

/** The string member `key` of the object at `at`. */
function findIn(key: string): Find {
  return (text, at, show, edits) => {
    for (const member of scanMembers(text, at)) {
      if (member.key !== key || text[member.valueStart] !== '"') continue;
      const own = JSON.parse(text.slice(member.valueStart, member.valueEnd)) as string;
      const shown = show(own);
      if (shown !== own) edits.push({ start: member.valueStart, end: member.valueEnd, value: JSON.stringify(shown) });
    }
  };
}

const findUri = findIn('uri');

/** A content block: `resource_link` holds the URI itself, `resource` in what it embeds. */
const findInBlock: Find = (text, at, show, edits) => {
  const members = scanMembers(text, at);
  const type = members.find(({ key }) => key === 'type');
  const kind = type === undefined ? '' : text.slice(type.valueStart, type.valueEnd);
  if (kind === '"resource_link"') findUri(text, at, show, edits);
  const embedded = kind === '"resource"' ? members.find(({ key }) => key === 'resource') : undefined;
  if (embedded !== undefined) findUri(text, embedded.valueStart, show, edits);
};

/** `find` in each element of the array under `key`, or in the one object that stands in its place. */
function eachOf(key: string, find: Find): Find {
  return (text, at, show, edits) => {
    for (const member of scanMembers(text, at)) {
      if (member.key !== key) continue;
      if (text[member.valueStart] === '{') find(text, member.valueStart, show, edits);
      else for (const { start } of scanElements(text, member.valueStart)) find(text, start, show, edits);
    }
  };
}

/** A skill: its own URI, and those of its files unless they are made up when asked for. */
const findInSkill: Find = (text, at, show, edits) => {
  findUri(text, at, show, edits);
  eachOf('resources', findUri)(text, at, show, edits);
};

const FIND_IN_RESULT: { readonly [method: string]: { readonly word: string; readonly find: Find } | undefined } = {
  'tools/call': { word: '"resource', find: eachOf('content', findInBlock) },
  'prompts/get': { word: '"resource', find: eachOf('messages', eachOf('content', findInBlock)) },
  'resources/read': { word: '"uri"', find: eachOf('contents', findUri) },
  'resources/directory/read': { word: '"uri"', find: eachOf('resources', findUri) },
  'skills/list': { word: '"uri"', find: eachOf('skills', findInSkill) },
  'skills/get': { word: '"uri"', find: eachOf('skill', findInSkill) },
};

/** Whether a result of this method could hold a URI at all: a search for a word, so that what has none is never parsed. */
export function mayHoldUris(method: string, result: JsonText): boolean {
  const known = FIND_IN_RESULT[method];
  return known !== undefined && result.includes(known.word);
}

/** A result with its URIs shown. Throws DuplicateMemberError if it could be read in two ways. */
export function showUrisInResult(method: string, result: JsonText, show: ShowUri): JsonText {
  const edits: Edit[] = [];
  FIND_IN_RESULT[method]?.find(result, 0, show, edits);
  return apply(result, edits);
}

/** An object whose member `key` is a URI: a listed resource or template, `params` of an update, `data` of an error. */
export function showUriMember(key: 'uri' | 'uriTemplate', text: JsonText, show: ShowUri): JsonText {
  const edits: Edit[] = [];
  findIn(key)(text, 0, show, edits);
  return apply(text, edits);
}

/** `_meta` of a tool that says which resource renders its results: MCP Apps, their old flat key, and ChatGPT's. */
const POINTERS: readonly (readonly [key: string, inner?: string])[] = [
  ['ui', 'resourceUri'],
  ['ui/resourceUri'],
  ['openai/outputTemplate'],
];

/** The resources a tool's definition points at, whether they are listed or not. */
export function pointedUris(tool: JsonText): readonly string[] {
  const found: string[] = [];
  showPointers(tool, (uri) => {
    found.push(uri);
    return uri;
  });
  return found;
}

/** A tool's definition with the resources it points at shown. */
export function showPointers(tool: JsonText, show: ShowUri): JsonText {
  if (!tool.includes('"_meta"')) return tool;
  const edits: Edit[] = [];
  for (const { key, valueStart } of scanMembers(tool)) {
    if (key !== '_meta') continue;
    for (const member of scanMembers(tool, valueStart)) {
      for (const [outer, inner] of POINTERS) {
        if (member.key !== outer) continue;
        if (inner === undefined) findIn(outer)(tool, valueStart, show, edits);
        else findIn(inner)(tool, member.valueStart, show, edits);
      }
    }
  }
  return apply(tool, edits);
}

/** `params` with the URI a client wrote replaced by the server's own; where it stands depends on the method. */
export function writeOwnUri(params: JsonText, uri: string): JsonText {
  return withMembers(params, { uri: JSON.stringify(uri) });
}
