/** Takes chosen values out of a JSON text and leaves every other byte alone. */

import { elementTexts, scanMembers } from './json-text.ts';

const REDACTED = '"[redacted]"';

/**
 * The text with the values at `paths` replaced by `"[redacted]"`. A path is member names joined by dots (`a.b`); `*` stands
 * for every member or element of one level, so `*` alone takes every value. Lists need no step of their own: `users.token`
 * reaches into each element of `users`. In doubt more is taken: a name with a dot in it is matched too, and an object in
 * which a member stands twice goes as a whole.
 */
export function redactArguments(text: string, paths: readonly string[]): string {
  return paths.length === 0 ? text : redactValue(text, paths);
}

function redactValue(text: string, paths: readonly string[]): string {
  const first = text.trimStart().charAt(0);
  if (first === '[') return redactArray(text, paths);
  if (first === '{') return redactObject(text, paths);
  return paths.includes('*') ? REDACTED : text;
}

function redactObject(text: string, paths: readonly string[]): string {
  const members = scanOrUndefined(text);
  if (members === undefined) return REDACTED;
  let out = '';
  let at = 0;
  for (const { key, valueStart, valueEnd } of members) {
    const below = pathsBelow(paths, key);
    if (below.length === 0) continue;
    out += text.slice(at, valueStart);
    out += below.includes('') ? REDACTED : redactMember(text.slice(valueStart, valueEnd), below);
    at = valueEnd;
  }
  return out + text.slice(at);
}

function redactArray(text: string, paths: readonly string[]): string {
  let out = '';
  let at = 0;
  elementTexts(text).forEach((element, index) => {
    // Elements stand in order, so the next occurrence after the last one is this one.
    const start = text.indexOf(element, index === 0 ? text.indexOf('[') + 1 : at);
    const below = pathsBelow(paths, String(index));
    out += text.slice(at, start);
    out += below.includes('') ? REDACTED : redactMember(element, [...below, ...paths.filter((path) => path !== '*')]);
    at = start + element.length;
  });
  return out + text.slice(at);
}

/** A scalar below a path that goes on has nothing to take out; unlike at the top, where `*` means the whole. */
function redactMember(text: string, paths: readonly string[]): string {
  const first = text.charAt(0);
  return paths.length > 0 && (first === '[' || first === '{') ? redactValue(text, paths) : text;
}

/** What is left of each path after the member `key`; '' where the path ends with it. */
function pathsBelow(paths: readonly string[], key: string): string[] {
  const below: string[] = [];
  for (const path of paths)
    for (const head of ['*', key]) {
      if (path === head) below.push('');
      else if (path.startsWith(`${head}.`)) below.push(path.slice(head.length + 1));
    }
  return below;
}

function scanOrUndefined(text: string): ReturnType<typeof scanMembers> | undefined {
  try {
    return scanMembers(text);
  } catch {
    return undefined;
  }
}
