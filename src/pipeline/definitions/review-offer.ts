/** One server's offer under change control: each definition decided, what may not be seen taken out. */

import type {
  DefinitionKind,
  DefinitionPolicy,
  DefinitionRecord,
  DefinitionVersion,
} from '../../contracts/definitions.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Offer, OfferedPrompt, OfferedTool } from '../../contracts/upstream.ts';
import { cleanDefinition } from '../../domain/definitions/clean-definition.ts';
import { type DefinitionVerdict, decideDefinition, decideShown } from '../../domain/definitions/decide-definition.ts';
import { meansTheSame } from '../../domain/definitions/diff-definition.ts';
import { type ReadDefinition, readDefinition, turnedSuspicious } from '../../domain/definitions/read-definition.ts';
import { type NamesIndex, scanAcross } from '../../domain/definitions/scan-across.ts';
import { isObject } from '../../lib/is-object.ts';

/** What is remembered per server; more is shown to nobody, since a server must not be able to fill the disk. */
const MAX_RECORDS = 20_000;
const MAX_RECORDED_CHARS = 64 * 1024 * 1024;
/** Longer definitions are compared by their hash alone. */
const MAX_TEXT_CHARS = 256 * 1024;

export type Reading = ReadDefinition | { readonly fault: string };

export interface ReviewInput {
  readonly serverId: string;
  readonly offer: Offer;
  readonly policy: DefinitionPolicy;
  /** By `recordKey`. */
  readonly records: ReadonlyMap<string, DefinitionRecord>;
  /** Readings of the offer before, by text: what did not change is not read again. */
  readonly readings: ReadonlyMap<string, Reading>;
  /** Tools of all servers, this one's included. */
  readonly index: NamesIndex;
  readonly nowMs: number;
}

export interface Review {
  readonly offer: Offer;
  /** Decisions that are new, in the order of the offer. */
  readonly verdicts: readonly (DefinitionVerdict & { readonly before: DefinitionRecord | undefined })[];
  /** The record of each definition in the offer. */
  readonly current: readonly DefinitionRecord[];
  readonly readings: ReadonlyMap<string, Reading>;
  /** Why definitions are left out for good, for operators. */
  readonly faults: readonly string[];
}

export function recordKey(kind: DefinitionKind, name: string): string {
  return `${kind}\0${name}`;
}

export function reviewOffer(input: ReviewInput): Review {
  const { offer, records, nowMs } = input;
  const readings = new Map<string, Reading>();
  const verdicts: (DefinitionVerdict & { before: DefinitionRecord | undefined })[] = [];
  const current: DefinitionRecord[] = [];
  const faults: string[] = [];
  let count = records.size;
  let chars = 0;
  for (const { pinned, other } of records.values()) chars += (pinned?.text?.length ?? 0) + (other?.text?.length ?? 0);

  /** The text to show in place of `raw`, or undefined. `isPinned`: it is the version in force, not the one offered. */
  const decide = (
    kind: DefinitionKind,
    name: string,
    raw: JsonText,
  ): { readonly text: JsonText; readonly isPinned: boolean } | undefined => {
    // The text itself, whose hash the engine remembers, for the many; tools and prompts never share a reading.
    const key = kind === 'tool' ? raw : `${kind}\0${raw}`;
    const reading = input.readings.get(key) ?? readDefinition(kind, name, raw);
    readings.set(key, reading);
    if ('fault' in reading) {
      faults.push(`${kind} ${JSON.stringify(name.slice(0, 100))}: ${reading.fault}`);
      return undefined;
    }
    const known = records.get(recordKey(kind, name));
    const isKept = raw.length <= MAX_TEXT_CHARS && chars + raw.length <= MAX_RECORDED_CHARS;
    if (known === undefined && (++count > MAX_RECORDS || chars > MAX_RECORDED_CHARS)) {
      faults.push(`${kind} ${JSON.stringify(name.slice(0, 100))}: too many definitions to keep`);
      return undefined;
    }
    const version: DefinitionVersion = { hash: reading.hash, text: isKept ? raw : undefined, atMs: nowMs };
    const findings = [
      ...reading.findings,
      ...scanAcross(reading.mentions, () => JSON.parse(raw), kind === 'tool', input.serverId, input.index),
    ];
    const isChange = known?.pinned !== undefined && known.pinned.hash !== reading.hash;
    const verdict = decideDefinition(
      known,
      {
        ref: { serverId: input.serverId, kind, name },
        version,
        findings,
        turnedSuspicious: isChange && turnedSuspicious(findingsInForce(known, name), reading.findings),
      },
      input.policy,
    );
    const { record } = verdict;
    current.push(record);
    if (record !== known) {
      verdicts.push({ ...verdict, before: known });
      if (known === undefined || isChange) chars += version.text?.length ?? 0;
    }
    const pinnedText = record.pinned?.text;
    const shown = decideShown(
      record,
      reading.hash,
      () =>
        pinnedText !== undefined &&
        record.reason !== 'findings' &&
        meansTheSame(JSON.parse(pinnedText), JSON.parse(raw)),
    );
    if (shown === 'offered') return { text: reading.text, isPinned: false };
    if (shown === 'nothing' || pinnedText === undefined) return undefined;
    const inForce = cleanDefinition(pinnedText, JSON.parse(pinnedText));
    return inForce.type === 'clean' ? { text: inForce.text, isPinned: true } : undefined;
  };

  const tools = keepSome(offer.tools, (tool) => {
    const shown = decide('tool', tool.name, tool.text);
    if (shown === undefined || shown.text === tool.text) return shown && tool;
    return shown.isPinned ? underBoth(tool, shown.text) : { ...tool, text: shown.text };
  });
  const prompts = keepSome(offer.prompts, (prompt): OfferedPrompt | undefined => {
    const shown = decide('prompt', prompt.name, prompt.text);
    if (shown === undefined || shown.text === prompt.text) return shown && prompt;
    return { ...prompt, text: shown.text };
  });
  const cleanOnly = <T extends { readonly text: JsonText }>(items: readonly T[]): readonly T[] =>
    keepSome(items, (item) => {
      const cleaned = cleanItem(item.text);
      if (cleaned === item.text) return item;
      if (cleaned === undefined) faults.push('a resource has hidden characters where they matter');
      return cleaned === undefined ? undefined : { ...item, text: cleaned };
    });
  const resources = cleanOnly(offer.resources);
  const templates = cleanOnly(offer.templates);
  const said = offer.instructions;
  const shownInstructions =
    said === undefined || said === '' ? said : decide('instructions', '', JSON.stringify(said))?.text;
  const instructions = said === undefined || said === '' ? said : parseText(shownInstructions);

  const isSame =
    tools === offer.tools &&
    prompts === offer.prompts &&
    resources === offer.resources &&
    templates === offer.templates &&
    instructions === said;
  const shown = isSame ? offer : { ...offer, tools, prompts, resources, templates, instructions };
  return { offer: shown, verdicts, current, readings, faults };
}

/** The list mapped, without what became undefined; the same list if nothing changed. */
function keepSome<T>(items: readonly T[], map: (item: T) => T | undefined): readonly T[] {
  const kept = items.map(map).filter((item) => item !== undefined);
  return kept.length === items.length && kept.every((item, at) => item === items[at]) ? items : kept;
}

/** A version stands in for another: what we decide by its hints holds only where both agree. */
function underBoth(tool: OfferedTool, text: JsonText): OfferedTool {
  const value: unknown = JSON.parse(text);
  const hints = isObject(value) && isObject(value.annotations) ? value.annotations : {};
  const readOnly = tool.readOnly && hints.readOnlyHint === true;
  const idempotent = tool.idempotent && (readOnly || hints.idempotentHint === true);
  return { ...tool, text, readOnly, idempotent };
}

/** What stood out in the version a person or the policy accepted last. */
function findingsInForce(known: DefinitionRecord, name: string) {
  const text = (known.state === 'changed' ? known.other : known.pinned)?.text;
  const reading = text === undefined ? undefined : readDefinition(known.kind, name, text);
  return reading === undefined || 'fault' in reading ? [] : reading.findings;
}

function cleanItem(text: JsonText): JsonText | undefined {
  const cleaned = cleanDefinition(text, undefined);
  if (cleaned.type === 'clean' && cleaned.removed.length === 0) return text;
  const checked = cleanDefinition(text, JSON.parse(text));
  return checked.type === 'clean' ? checked.text : undefined;
}

function parseText(text: JsonText | undefined): string | undefined {
  return text === undefined ? undefined : String(JSON.parse(text));
}
