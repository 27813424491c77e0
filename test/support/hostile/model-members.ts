/** The members of each dialect that the gateway has to understand where it translates, and what may stand there. */

/** Path and types of each; `?`: it may be null or missing, too. */
const MEMBERS: { readonly [endpoint: string]: string } = {
  chat: `
    messages: list; messages.0: object; messages.0.role: string; messages.0.content: string list?;
    messages.1.content.0: object; messages.1.content.0.type: string; messages.1.content.0.text: string;
    messages.1.content.0.cache_control: object?; messages.1.content.1.image_url: string object;
    messages.1.content.1.image_url.url: string; messages.1.content.1.image_url.detail: string?;
    messages.2.reasoning_content: string?; messages.2.tool_calls: list?; messages.2.tool_calls.0: object;
    messages.2.tool_calls.0.id: string; messages.2.tool_calls.0.type: string?;
    messages.2.tool_calls.0.function: object; messages.2.tool_calls.0.function.name: string;
    messages.2.tool_calls.0.function.arguments: string object?; messages.3.tool_call_id: string;
    messages.4.name: string?; tools: list?; tools.0: object; tools.0.type: string?; tools.0.function: object;
    tools.0.function.name: string; tools.0.function.description: string?; tools.0.function.parameters: object?;
    tools.0.function.strict: boolean?; tool_choice: string object?; tool_choice.type: string?;
    tool_choice.function.name: string; parallel_tool_calls: boolean?; max_completion_tokens: number?;
    temperature: number?; top_p: number?; n: number?; stop: string list?; stop.0: string; response_format: object?;
    response_format.type: string; response_format.json_schema: object; response_format.json_schema.name: string?;
    response_format.json_schema.schema: object?; response_format.json_schema.strict: boolean?;
    reasoning_effort: string?; metadata: object?; metadata.a: string; user: string?; stream: boolean?;
    stream_options: object?; stream_options.include_usage: boolean?; service_tier: string?; verbosity: string?;`,
  responses: `
    instructions: string?; input: string list; input.0: object; input.0.role: string; input.0.content: string list;
    input.0.content.0: object; input.0.content.0.type: string; input.0.content.0.text: string;
    input.0.content.1.image_url: string; input.0.content.1.detail: string?; input.1.id: string?;
    input.1.summary: list?; input.1.summary.0: object; input.1.summary.0.text: string; input.2.type: string?;
    input.2.call_id: string; input.2.name: string; input.2.arguments: string; input.3.call_id: string;
    input.3.output: string list; tools: list?; tools.0: object; tools.0.type: string; tools.0.name: string;
    tools.0.description: string?; tools.0.parameters: object?; tools.0.strict: boolean?; tools.1.name: string;
    tools.1.tools: list; tools.1.tools.0: object; tool_choice: string object?; tool_choice.name: string;
    parallel_tool_calls: boolean?; max_output_tokens: number?; temperature: number?; top_p: number?; text: object?;
    text.format: object?; text.format.type: string; text.format.name: string?; text.format.schema: object;
    text.format.strict: boolean?; text.verbosity: string?; reasoning: object?; reasoning.effort: string?;
    reasoning.summary: string?; metadata: object?; metadata.a: string; user: string?; stream: boolean?;
    include: list?; include.0: string; store: boolean?; truncation: string?; service_tier: string?;`,
  messages: `
    system: string list?; system.0: object; system.0.type: string; system.0.text: string;
    system.0.cache_control: object?; messages: list; messages.0: object; messages.0.role: string;
    messages.0.content: string list; messages.0.content.0: object; messages.0.content.0.type: string;
    messages.0.content.0.text: string; messages.0.content.1.source: object; messages.0.content.1.source.type: string;
    messages.0.content.1.source.media_type: string; messages.0.content.1.source.data: string;
    messages.1.content.0.thinking: string; messages.1.content.0.signature: string?; messages.1.content.2.id: string;
    messages.1.content.2.name: string; messages.1.content.2.input: object?; messages.2.content.0.tool_use_id: string;
    messages.2.content.0.content: string list?; messages.2.content.0.is_error: boolean?; tools: list?;
    tools.0: object; tools.0.name: string; tools.0.description: string?; tools.0.input_schema: object?;
    tools.0.strict: boolean?; tool_choice: object?; tool_choice.type: string; tool_choice.name: string;
    tool_choice.disable_parallel_tool_use: boolean?; thinking: object?; thinking.type: string;
    thinking.budget_tokens: number?; thinking.display: string?; output_config: object?; output_config.effort: string?;
    output_config.format: object?; output_config.format.type: string; output_config.format.schema: object;
    max_tokens: number; temperature: number?; top_p: number?; top_k: number?; stop_sequences: list?;
    stop_sequences.0: string; stream: boolean?; metadata: object?; metadata.user_id: string?; service_tier: string?;`,
  generateContent: `
    systemInstruction: string object?; systemInstruction.parts.0.text: string?; contents: list object;
    contents.0: object; contents.0.role: string?; contents.0.parts: list object; contents.0.parts.0: object;
    contents.0.parts.0.text: string; contents.0.parts.1.inlineData: object;
    contents.0.parts.1.inlineData.mimeType: string; contents.0.parts.1.inlineData.data: string;
    contents.1.parts.0.thought: boolean?; contents.1.parts.1.functionCall: object?;
    contents.1.parts.1.functionCall.id: string?; contents.1.parts.1.functionCall.name: string;
    contents.1.parts.1.functionCall.args: object?; contents.1.parts.1.thoughtSignature: string?;
    contents.2.parts.0.functionResponse: object; contents.2.parts.0.functionResponse.name: string;
    contents.2.parts.0.functionResponse.response: object?; tools: list object?;
    tools.0.functionDeclarations: list object?; tools.0.functionDeclarations.0.name: string;
    tools.0.functionDeclarations.0.description: string?; tools.0.functionDeclarations.0.parametersJsonSchema: object?;
    toolConfig: object?; toolConfig.functionCallingConfig: object?; toolConfig.functionCallingConfig.mode: string?;
    toolConfig.functionCallingConfig.allowedFunctionNames: list?; generationConfig: object?;
    generationConfig.maxOutputTokens: number?; generationConfig.temperature: number?;
    generationConfig.stopSequences: list?; generationConfig.candidateCount: number?;
    generationConfig.responseMimeType: string?; generationConfig.responseJsonSchema: object?;
    generationConfig.thinkingConfig: object?; generationConfig.thinkingConfig.includeThoughts: boolean?;
    generationConfig.thinkingConfig.thinkingBudget: number?;`,
  embeddings: `
    input: string list; dimensions: number?; encoding_format: string?; user: string?;`,
  embedContent: `
    content: object; content.parts: list object; content.parts.0.text: string; taskType: string?; title: string?;
    outputDimensionality: number?;`,
  batchEmbedContents: `
    requests: list object; requests.1: object; requests.1.content: object;`,
};

export interface ModelMember {
  readonly endpoint: string;
  readonly path: readonly (string | number)[];
  readonly types: readonly string[];
  readonly isOptional: boolean;
}

const asPath = (path: string): readonly (string | number)[] =>
  path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));

export const MODEL_MEMBERS: readonly ModelMember[] = Object.entries(MEMBERS).flatMap(([endpoint, rows]) =>
  [...rows.matchAll(/(\S+): ([a-z ]+)(\??);/g)].map(([, path = '', types = '', optional]) => {
    return { endpoint, path: asPath(path), types: types.split(' '), isOptional: optional === '?' };
  }),
);
