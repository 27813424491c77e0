/** Everything a server offers, listed once over one link and compared with what it offered before. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Offer, OfferedTool } from '../../contracts/upstream.ts';
import type { Link } from './link.ts';
import { ListError, type ListedPages, listPages } from './list-pages.ts';
import { readPrompts, readResources, readTemplates, readTools } from './offered-items.ts';

export type OfferList = 'tools' | 'prompts' | 'resources';
export type OfferDraft = Omit<Offer, 'revision'>;

export interface ListFailure {
  /** For operators. */
  readonly message: string;
  /** `unreachable`: another link might help. `credential`: only new credentials help. */
  readonly kind: 'answer' | 'unreachable' | 'credential';
}

export interface ListDeps {
  readonly link: Link;
  readonly maxItems: number;
  readonly signal: AbortSignal;
  readonly warn: (fault: string) => void;
  /** The link is one person's: what resources there are is not everybody's to know. */
  readonly isPersonal?: boolean | undefined;
}

/**
 * Lists what the server declares. A list that fails keeps its content from `before`; the draft is undefined when every
 * list failed, so that nothing at all was learnt.
 */
export async function listOffer(
  deps: ListDeps,
  before: Offer | undefined,
): Promise<{ readonly draft: OfferDraft | undefined; readonly failure: ListFailure | undefined }> {
  const { link, warn } = deps;
  const has = (name: string): boolean => isDeclared(link, name);
  const get = async (isOffered: boolean, method: string, member: string): Promise<ListedPages | ListFailure> => {
    if (!isOffered) return { items: [], cache: undefined };
    try {
      return await listPages(deps, method, member);
    } catch (error) {
      return asFailure(method, error);
    }
  };
  const [tools, prompts, resources, templates] = await Promise.all([
    get(has('tools'), 'tools/list', 'tools'),
    get(has('prompts'), 'prompts/list', 'prompts'),
    get(has('resources') && deps.isPersonal !== true, 'resources/list', 'resources'),
    get(has('resources'), 'resources/templates/list', 'resourceTemplates'),
  ]);
  const lists = [tools, prompts, resources, templates];
  const failures = lists.filter((list) => 'kind' in list);
  const [failure] = failures;
  const asked =
    (has('tools') ? 1 : 0) + (has('prompts') ? 1 : 0) + (has('resources') ? (deps.isPersonal === true ? 1 : 2) : 0);
  if (failures.length > 0 && failures.length === asked) return { draft: undefined, failure };
  const old = 'kind' in resources || 'kind' in templates ? before : undefined;
  const draft: OfferDraft = {
    era: link.era,
    protocolVersion: link.protocolVersion,
    serverInfo: link.serverInfo,
    capabilities: link.capabilities,
    instructions: link.instructions,
    tools: 'kind' in tools ? (before?.tools ?? []) : readTools(tools.items, link.era === 'modern', warn),
    prompts: 'kind' in prompts ? (before?.prompts ?? []) : readPrompts(prompts.items, warn),
    resources: 'kind' in resources ? (old?.resources ?? []) : readResources(resources.items, warn),
    templates: 'kind' in templates ? (old?.templates ?? []) : readTemplates(templates.items, warn),
    cache: {
      tools: 'kind' in tools ? before?.cache.tools : tools.cache,
      prompts: 'kind' in prompts ? before?.cache.prompts : prompts.cache,
      resources: 'kind' in resources ? before?.cache.resources : resources.cache,
      templates: 'kind' in templates ? before?.cache.templates : templates.cache,
    },
  };
  // Credentials that are good for some lists are good enough.
  return { draft, failure: failure?.kind === 'credential' ? { ...failure, kind: 'answer' } : failure };
}

function isDeclared(link: Link, name: string): boolean {
  return typeof link.capabilities[name] === 'object' && link.capabilities[name] !== null;
}

function asFailure(method: string, error: unknown): ListFailure {
  if (error instanceof ListError) return { message: error.message, kind: 'answer' };
  const message = `${method}: ${error instanceof Error ? error.message : String(error)}`;
  if (!(error instanceof GatewayError)) return { message, kind: 'answer' };
  if (error.code === 'upstream_needs_auth') return { message, kind: 'credential' };
  return { message, kind: error.code === 'upstream_failed' ? 'answer' : 'unreachable' };
}

type Listed = Pick<OfferedTool, 'text' | 'forAskable'>;

/** Which lists differ, by text and whom they are for; undefined: nothing differs at all, so there is no new offer. */
export function compareOffers(before: Offer | undefined, after: OfferDraft): OfferList[] | undefined {
  const differs = (a: readonly Listed[] | undefined, b: readonly Listed[]): boolean =>
    (a?.length ?? 0) !== b.length ||
    b.some(({ text, forAskable }, at) => text !== a?.[at]?.text || forAskable !== a[at].forAskable);
  const lists: OfferList[] = [];
  if (differs(before?.tools, after.tools)) lists.push('tools');
  if (differs(before?.prompts, after.prompts)) lists.push('prompts');
  if (differs(before?.resources, after.resources) || differs(before?.templates, after.templates))
    lists.push('resources');
  if (lists.length > 0 || before === undefined) return lists;
  return renderRest(before) === renderRest(after) ? undefined : lists;
}

function renderRest(offer: OfferDraft): string {
  const { era, protocolVersion, serverInfo, capabilities, instructions, cache } = offer;
  return JSON.stringify([era, protocolVersion, serverInfo, capabilities, instructions, cache]);
}
