/** `@google/genai`. */

import { type Content, type GenerateContentParameters, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { type Ask, type CreateClient, failureOf, PERSON, type Told, WEATHER, weatherIn } from '../program.ts';

const tools = [
  {
    functionDeclarations: [
      { name: WEATHER.name, description: WEATHER.description, parametersJsonSchema: WEATHER.parameters },
    ],
  },
];

function contentsOf({ prompt, image }: Ask): Content[] {
  const media = image === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: image } }];
  return [{ role: 'user', parts: [...media, { text: prompt }] }];
}

function tell(answers: readonly GenerateContentResponse[]): Told {
  const parts = answers.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
  const texts = parts.flatMap(({ text, thought }) => (text === undefined || text === '' || thought ? [] : [text]));
  const usage = answers.at(-1)?.usageMetadata;
  return {
    text: texts.join(''),
    calls: parts.flatMap(({ functionCall }) =>
      functionCall === undefined ? [] : [{ name: functionCall.name ?? '', arguments: functionCall.args }],
    ),
    usage: usage && {
      input: usage.promptTokenCount ?? 0,
      output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
    },
    pieces: texts.length,
  };
}

export const createGenai: CreateClient = ({ url, key }) => {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, retryOptions: { attempts: 1 } } });
  const requestOf = (ask: Ask): GenerateContentParameters => ({
    model: ask.model,
    contents: contentsOf(ask),
    config: {
      ...(ask.system !== undefined && { systemInstruction: ask.system }),
      ...(ask.withTool === true && { tools }),
    },
  });
  return {
    name: '@google/genai',
    chat: async (ask) => tell([await client.models.generateContent(requestOf(ask))]),
    async stream(ask) {
      const answers: GenerateContentResponse[] = [];
      for await (const answer of await client.models.generateContentStream(requestOf(ask))) answers.push(answer);
      return tell(answers);
    },
    async useTool(ask) {
      const contents = contentsOf(ask);
      const first = await client.models.generateContent({ model: ask.model, contents, config: { tools } });
      const content = first.candidates?.[0]?.content;
      if (content === undefined) throw new Error('no content');
      contents.push(content, {
        role: 'user',
        parts: (first.functionCalls ?? []).map(({ id, name, args }) => ({
          functionResponse: {
            ...(id !== undefined && { id }),
            ...(name !== undefined && { name }),
            response: { output: weatherIn(args) },
          },
        })),
      });
      return tell([await client.models.generateContent({ model: ask.model, contents, config: { tools } })]).text;
    },
    async structured(ask) {
      const answer = await client.models.generateContent({
        ...requestOf(ask),
        config: { responseMimeType: 'application/json', responseJsonSchema: PERSON },
      });
      return JSON.parse(answer.text ?? '');
    },
    embed: async (model, texts) =>
      ((await client.models.embedContent({ model, contents: [...texts] })).embeddings ?? []).map(
        ({ values }) => values ?? [],
      ),
    failure: (ask) => failureOf(() => client.models.generateContent(requestOf(ask))),
    async abort(ask) {
      const controller = new AbortController();
      const request = requestOf(ask);
      const stream = await client.models.generateContentStream({
        ...request,
        config: { ...request.config, abortSignal: controller.signal },
      });
      try {
        for await (const answer of stream) if (answer.text) controller.abort();
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      }
    },
  };
};
