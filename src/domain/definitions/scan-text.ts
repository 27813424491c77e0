/** Looks for instructions to the model in the texts of a definition. Tuned on 2,054 real ones; see docs/decisions/0019. */

import type { Finding, Severity } from '../../contracts/definitions.ts';
import { stripHidden } from './hidden-text.ts';
import { foldLookalikes } from './lookalikes.ts';
import { textsOf } from './texts.ts';

interface Rule {
  readonly rule: string;
  readonly severity: Severity;
  /** Each bounded in what may stand between its words, so that the time is linear in the text. */
  readonly pattern: RegExp;
  /** What its match must contain too; a second look is cheaper than a pattern that tries all ways. */
  readonly also?: RegExp;
}

const SECRET_FILE =
  '(?:~\\/|\\$HOME\\/|\\/root\\/|\\/home\\/\\w{1,32}\\/|%USERPROFILE%\\\\)?\\.(?:ssh|aws|gnupg|kube|netrc|npmrc|git-credentials|cursor|docker\\/config)\\b|\\bid_(?:rsa|ed25519|ecdsa)\\b|\\/etc\\/(?:passwd|shadow)\\b|\\b(?:mcp|claude_desktop_config)\\.json\\b';
const READING = '(?:read|open|cat|include|attach|send|pass|append|copy|provide|insert|contents? of|load)';

const RULES: readonly Rule[] = [
  {
    rule: 'override',
    severity: 'high',
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b(?: (?:all|any|the|your|my|of|these|those|other|every)){0,4} (?:previous|prior|above|earlier|preceding|existing|system|safety|original|former)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|directives?|messages?|context|restrictions?)\b/i,
  },
  {
    rule: 'secrecy',
    severity: 'high',
    pattern:
      /\b(?:do not|don['’]?t|never|must not|should not|avoid|without)\s+(?:ever\s+|explicitly\s+)?(?:tell(?:ing)?|inform(?:ing)?|notify(?:ing)?|alert(?:ing)?|warn(?:ing)?)\s+(?:this\s+(?:to\s+)?)?(?:the\s+|your\s+)?(?:user|human|owner|customer|operator|anyone)\b/i,
  },
  {
    rule: 'secrecy',
    severity: 'high',
    pattern:
      /\b(?:do not|don['’]?t|never|must not)\s+(?:ever\s+)?(?:mention|reveal|disclose|discuss)\s+(?:this|that you|these instructions|this step|the above|any of this|it)\b[^.\n]{0,40}\b(?:user|human|anyone|owner)\b/i,
  },
  {
    rule: 'secrecy',
    severity: 'high',
    pattern:
      /\b(?:(?:hide|conceal|keep)\s+(?:this|it|that)\s+(?:hidden\s+|secret\s+)?from\s+(?:the\s+)?(?:user|human)|without\s+(?:the\s+)?user(?:['’]s)?\s+(?:knowledge|knowing|noticing)|\b(?:silently|secretly|covertly)\s+(?:send|forward|copy|read|call|include|append|upload|exfiltrate)\b)/i,
  },
  {
    rule: 'markup',
    severity: 'high',
    pattern:
      /<\/?(?:important|system(?:[-_ ]?(?:prompt|message|reminder))?|secret|hidden|sys|assistant|critical)>|\[\/?INST\]|<\|(?:im_start|im_end|system|user|assistant|endoftext)\|?>|<<\/?SYS>>/i,
  },
  {
    rule: 'secret-files',
    severity: 'high',
    pattern: new RegExp(`\\b${READING}\\b[^.\\n]{0,60}?(?:${SECRET_FILE})`, 'i'),
  },
  {
    rule: 'secret-files',
    severity: 'medium',
    pattern: /(?:~\/|\$HOME\/)\.(?:ssh|aws|gnupg|netrc)\b|\bid_(?:rsa|ed25519)\b|\/etc\/shadow\b/i,
  },
  {
    rule: 'exfiltration',
    severity: 'high',
    pattern:
      /\b(?:send|post|forward|upload|transmit|exfiltrate|leak|pass|copy|include|append|bcc)\b[^.\n]{0,40}\b(?:(?:entire|full|whole|complete|previous|all)\s+(?:conversation|chat|message)(?:\s+history)?|conversation history|chat history|system prompt|(?:all\s+)?(?:environment variables|credentials|private keys?|passwords|api keys))\b[^.\n]{0,60}\b(?:to|into|in|as|at|via)\b/i,
  },
  {
    rule: 'exfiltration',
    severity: 'high',
    pattern: /!\[[^\]\n]{0,60}\]\( ?https?:\/\/[^)\s]{0,400}/i,
    also: /[?=&/][^)\s]{0,200}[{$<]|%7b/i,
  },
  {
    rule: 'precondition',
    severity: 'medium',
    pattern:
      /\b(?:before|after|when(?:ever)?|prior to)\s+(?:using|calling|invoking|running|you (?:use|call))\s+(?:any|all|every|another|other)\s+(?:other\s+)?tools?\b[^.\n]{0,40}\b(?:must|always|first|need to|have to|read|call|send)\b/i,
  },
  { rule: 'markup', severity: 'medium', pattern: /<\/?instructions?>/i },
  { rule: 'comment', severity: 'medium', pattern: /<!--/ },
  {
    rule: 'blob',
    severity: 'medium',
    pattern:
      /(?<![A-Za-z0-9+/=_-])(?=[A-Za-z0-9+/]{0,200}[0-9+/])(?=[A-Za-z0-9+/]{0,200}[a-z])(?=[A-Za-z0-9+/]{0,200}[A-Z])[A-Za-z0-9+/]{160,}={0,2}/,
  },
];

/** At most this much of one text, and of one definition, is looked at; what is longer is itself a finding. */
const MAX_TEXT_CHARS = 32_768;
const MAX_DEFINITION_CHARS = 131_072;
/** Nothing shorter says anything. */
const MIN_TEXT_CHARS = 8;
const MAX_FINDINGS = 50;
const MAX_EXCERPT_CHARS = 120;

/** What stands out in one definition by itself, hidden characters aside. At most one finding per rule and place. */
export function scanTexts(value: unknown): readonly Finding[] {
  const findings: Finding[] = [];
  let left = MAX_DEFINITION_CHARS;
  for (const { place, text } of textsOf(value)) {
    if (findings.length >= MAX_FINDINGS || left <= 0) break;
    if (text.length < MIN_TEXT_CHARS) continue;
    const plain = normalise(text.slice(0, Math.min(MAX_TEXT_CHARS, left)));
    left -= text.length;
    const seen = new Set<string>();
    for (const { rule, severity, pattern, also } of RULES) {
      if (seen.has(rule)) continue;
      const match = pattern.exec(plain);
      if (match === null || also?.test(match[0]) === false) continue;
      seen.add(rule);
      findings.push({ rule, severity, place, excerpt: excerptOf(match[0]) });
    }
    if (text.length > MAX_TEXT_CHARS || left < 0)
      findings.push({ rule: 'length', severity: 'medium', place, excerpt: `${text.length} characters` });
  }
  return findings;
}

/** What a reader takes it for: no hidden characters, letters that look Latin as Latin ones, one space for any white space but lines. */
function normalise(text: string): string {
  return foldLookalikes(stripHidden(text.normalize('NFKC')).text)
    .replace(/[^\S\n]+/g, ' ')
    .replace(/\s*\n\s*/g, '\n');
}

/** Text to show in a finding. */
export function excerptOf(text: string): string {
  const clean = stripHidden(text).text.replace(/\s+/g, ' ').trim();
  return clean.length > MAX_EXCERPT_CHARS ? `${clean.slice(0, MAX_EXCERPT_CHARS - 1)}…` : clean;
}
