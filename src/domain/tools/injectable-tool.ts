/** A tool of the catalog as it is offered to a model. */

import type { InjectedTool } from '../../contracts/models.ts';
import { memberText } from '../../lib/json-text.ts';
import type { CatalogItem } from './catalog.ts';

/** What every model API takes as the name of a function. */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/;
const NO_PARAMETERS = '{"type":"object","properties":{}}';

/** The name, description and schema that `tools/list` shows. Undefined: no model API would take its name. */
export function injectableTool(item: CatalogItem): InjectedTool | undefined {
  if (!NAME.test(item.exposed)) return undefined;
  const text = item.exposedText();
  const description: unknown = JSON.parse(memberText(text, 'description') ?? '""');
  const schema = memberText(text, 'inputSchema');
  return {
    name: item.exposed,
    description: typeof description === 'string' ? description : '',
    parameters: schema?.startsWith('{') === true ? schema : NO_PARAMETERS,
  };
}
