/** Where a request goes that names no model: files, and what has a model of its own choice. */

import type { ModelPlan, PassSurface } from '../../contracts/models.ts';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import type { MayUseModel } from './find-model.ts';

export type SurfaceVerdict =
  | { readonly type: 'plan'; readonly plan: ModelPlan }
  /** Nobody whom the caller may use has it, or the one who was named does not. */
  | { readonly type: 'none' }
  /** Several have it; it is for the caller to say which. */
  | { readonly type: 'several'; readonly providers: readonly string[] };

export type ResolveSurface = (
  surface: PassSurface,
  provider: string | undefined,
  mayUse: MayUseModel,
) => SurfaceVerdict;

/** The caller has to be allowed the model `provider/{surface}`. */
export function createResolveSurface(providers: readonly ProviderConfig[]): ResolveSurface {
  const having = (surface: PassSurface): readonly string[] =>
    providers
      .filter(({ enabled, type }) => enabled && (type === 'openai' || type === 'azure'))
      .filter(({ quirks }) => surface !== 'completions' && quirks.has.includes(surface))
      .map(({ id }) => id);
  return (surface, provider, mayUse) => {
    const allowed = having(surface).filter((id) => (provider === undefined || id === provider) && mayUse(id, surface));
    const [only, second] = allowed;
    if (only === undefined) return { type: 'none' };
    if (second !== undefined) return { type: 'several', providers: allowed };
    return { type: 'plan', plan: { stages: [[{ provider: only, model: surface, weight: 1 }]], rule: undefined } };
  };
}
