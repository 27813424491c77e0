/** Requests to models, one shape for each dialect. Answers carry no id of the request; a right one contains the mock's text. */

import { ANSWER_TEXT, STREAM_END } from '../model-answers.ts';
import { head, type Shape, type Target } from './requests.ts';

const SYSTEM = 'You are a helpful assistant that answers briefly.';
const QUESTION = 'What is the answer to question number @ID@?';
const LINE = 'A line of a longer text that somebody has put into the prompt, as people do.\n';

function shape(target: Target, path: string, body: object, mark = ANSWER_TEXT, headers: readonly string[] = []): Shape {
  const { port } = target;
  return { port, head: head({ path, ...target }, headers), body: JSON.stringify(body), checkId: false, mark };
}

const chatBody = (model: string, question: string) => ({
  model,
  messages: [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: question },
  ],
});

/** Chat completions; `bodyBytes`: about so long a prompt. `headers`: what a peer needs besides. */
export function askChat(target: Target, model: string, bodyBytes = 0, headers: readonly string[] = []): Shape {
  const question = QUESTION + LINE.repeat(Math.ceil(bodyBytes / LINE.length));
  return shape(target, '/v1/chat/completions', chatBody(model, question), ANSWER_TEXT, headers);
}

export function askChatStream(target: Target, model: string): Shape {
  const body = { ...chatBody(model, QUESTION), stream: true, stream_options: { include_usage: true } };
  return shape(target, '/v1/chat/completions', body, STREAM_END);
}

export function askMessages(target: Target, model: string): Shape {
  const messages = [{ role: 'user', content: QUESTION }];
  const body = { model, max_tokens: 1_024, system: SYSTEM, messages };
  return shape(target, '/v1/messages', body, ANSWER_TEXT, ['anthropic-version: 2023-06-01']);
}

export function askResponses(target: Target, model: string): Shape {
  return shape(target, '/v1/responses', { model, instructions: SYSTEM, input: QUESTION, store: false });
}

export function askGemini(target: Target, model: string): Shape {
  const body = {
    contents: [{ role: 'user', parts: [{ text: QUESTION }] }],
    systemInstruction: { parts: [{ text: SYSTEM }] },
  };
  return shape(target, `/v1beta/models/${model}:generateContent`, body);
}
