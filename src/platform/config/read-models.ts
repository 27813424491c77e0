/** The section `models`: aliases, fallbacks, routes and prices, with their targets looked up among the providers. */

import type { z } from 'zod';
import {
  type ModelAlias,
  type ModelPrice,
  type ModelsConfig,
  type ModelTarget,
  type ProviderConfig,
  ROUTE_VARIABLES,
} from '../../contracts/models-config.ts';
import { createCelCompiler } from '../../lib/cel.ts';
import { closest } from '../../lib/closest.ts';
import { type Document, readPart } from './document.ts';
import { Models, type Price } from './providers-schema.ts';
import { nodeAt, type Path } from './report.ts';
import { reportCondition } from './report-condition.ts';

type Written = string | { readonly target: string; readonly weight: number };

/** Undefined if neither the section nor any provider is there. Faults are reported. */
export function readModels(
  document: Document,
  providers: readonly ProviderConfig[] | undefined,
): ModelsConfig | undefined {
  const node = nodeAt(document.root, ['models']);
  if (node === undefined && providers === undefined) return undefined;
  const models = readPart(document, ['models'], node, Models, Object.keys(Models.shape));
  if (models === undefined) return undefined;
  const known = providers ?? [];
  const compileRoute = createCelCompiler(ROUTE_VARIABLES);
  const targetsOf = (path: Path, written: readonly Written[]): readonly ModelTarget[] =>
    written.flatMap((each, i) => readTarget(document, [...path, i], each, known) ?? []);
  return {
    aliases: Object.entries(models.aliases)
      .map(([name, value]) => {
        const path = ['models', 'aliases', name];
        checkAlias(document, path, name, known);
        if (typeof value === 'string') {
          const target = readTarget(document, path, value, known);
          return { name, targets: target === undefined ? [] : [target], fallbacks: [] };
        }
        const isObject = 'targets' in value;
        const { targets, fallbacks } = isObject ? value : { targets: value, fallbacks: [] };
        if (targets.length === 0) document.report.problem(path, 'names no target', 'write "provider/model"');
        const at = isObject ? [...path, 'targets'] : path;
        return { name, targets: targetsOf(at, targets), fallbacks: targetsOf([...path, 'fallbacks'], fallbacks) };
      })
      .map((alias) => checkStar(document, alias)),
    fallbacks: Object.entries(models.fallbacks).map(([source, written]) => ({
      source,
      targets: targetsOf(['models', 'fallbacks', source], written),
    })),
    routes: models.routes.map(({ name, when, targets, fallbacks }, i) => {
      const path = ['models', 'routes', i];
      const compiled = compileRoute(when);
      if (!compiled.ok) reportCondition(document, [...path, 'when'], when, compiled);
      if (models.routes.findIndex((each) => each.name === name) < i)
        document.report.problem([...path, 'name'], 'stands twice', 'give each rule its own name');
      if (targets.length === 0)
        document.report.problem([...path, 'targets'], 'names no target', 'write "provider/model"');
      return {
        ...{ name, when, targets: targetsOf([...path, 'targets'], targets) },
        fallbacks: targetsOf([...path, 'fallbacks'], fallbacks),
      };
    }),
    prices: Object.entries(models.prices).map(([source, price]) => ({ source, price: inMicroUsd(price) })),
    toolMode: models.toolMode,
    usageHeaders: models.usageHeaders,
  };
}

function checkAlias({ report }: Document, path: Path, name: string, providers: readonly ProviderConfig[]): void {
  if (name.trim() === '' || name.length > 256) report.problem(path, 'is no name for a model');
  if (name.split('*').length > 2) report.problem(path, 'holds more than one *', 'keep one');
  if (providers.some(({ id }) => name.startsWith(`${id}/`)))
    report.warning(path, 'begins like a model of a provider, and hides it');
}

function checkStar({ report }: Document, alias: ModelAlias): ModelAlias {
  if (!alias.name.includes('*') && [...alias.targets, ...alias.fallbacks].some(({ model }) => model.includes('*')))
    report.problem(
      ['models', 'aliases', alias.name],
      'has a target with *, and no * itself',
      'write the whole name of the model',
    );
  return alias;
}

function readTarget(
  { report }: Document,
  path: Path,
  written: Written,
  providers: readonly ProviderConfig[],
): ModelTarget | undefined {
  const { target, weight } = typeof written === 'string' ? { target: written, weight: 1 } : written;
  const slash = target.indexOf('/');
  const provider = target.slice(0, Math.max(0, slash));
  const model = target.slice(slash + 1);
  if (slash < 1 || model === '') {
    report.problem(path, 'is no target', 'write "provider/model"');
    return undefined;
  }
  if (!providers.some(({ id }) => id === provider)) {
    const near = closest(
      provider,
      providers.map(({ id }) => id),
    );
    report.problem(
      path,
      `there is no provider "${provider}"`,
      near === undefined ? 'write it under "providers"' : `did you mean "${near}"?`,
    );
    return undefined;
  }
  return { provider, model, weight };
}

const MICRO = 1_000_000;

function inMicroUsd(price: z.output<typeof Price>): ModelPrice {
  const micro = (usd: number | undefined): number | undefined =>
    usd === undefined ? undefined : Math.round(usd * MICRO);
  return {
    inputMicroUsdPerMillion: Math.round(price.inputUsdPerMillion * MICRO),
    outputMicroUsdPerMillion: Math.round(price.outputUsdPerMillion * MICRO),
    cachedMicroUsdPerMillion: micro(price.cachedUsdPerMillion),
    cacheWriteMicroUsdPerMillion: micro(price.cacheWriteUsdPerMillion),
    cacheWrite1hMicroUsdPerMillion: micro(price.cacheWrite1hUsdPerMillion),
    perCallMicroUsd: price.perCallMicroUsd,
  };
}
