/** What vectors are for, in the words of Cohere's models, wherever they are hosted. */

import type { EmbedRequest } from '../../contracts/embed.ts';

const INPUT_TYPES: { readonly [taskType: string]: string } = {
  RETRIEVAL_QUERY: 'search_query',
  QUESTION_ANSWERING: 'search_query',
  FACT_VERIFICATION: 'search_query',
  CODE_RETRIEVAL_QUERY: 'search_query',
  RETRIEVAL_DOCUMENT: 'search_document',
  CLASSIFICATION: 'classification',
  CLUSTERING: 'clustering',
  SEMANTIC_SIMILARITY: 'clustering',
};

/** Cohere wants one. The client's own `input_type` before what its task type says; `search_document` without either. */
export function inputTypeOf({ taskType, extra }: EmbedRequest): string {
  if (typeof extra?.input_type === 'string') return extra.input_type;
  return INPUT_TYPES[taskType ?? ''] ?? 'search_document';
}
