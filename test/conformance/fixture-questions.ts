/** The fixture's tools and prompts that ask the client something: as requests in the legacy era, as input_required in the modern one. */

import type { FixturePrompt, FixtureTool, JsonObject, Question } from './fixture-content.ts';
import { FixtureError, form, image, roots, sample, text, textResult } from './fixture-content.ts';

/** Named like its question: a legacy question has no key, so a gateway can only name it after its field. */
const NAME = { user_name: { type: 'string' } };

interface QuestionTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema?: JsonObject;
  readonly run: FixtureTool['run'];
}

/** A tool that asks one thing under one key and renders the answer. */
function asking(
  name: string,
  description: string,
  key: string,
  ask: (args: JsonObject) => Question,
  render: (answer: JsonObject) => string,
  inputSchema?: JsonObject,
): QuestionTool {
  return {
    name,
    description,
    ...(inputSchema === undefined ? {} : { inputSchema }),
    run(args, io) {
      const answer = io.answers[key];
      return answer === undefined ? { questions: { [key]: ask(args) } } : textResult(render(answer as JsonObject));
    },
  };
}

const completed = (answer: JsonObject): string =>
  `Elicitation completed: action=${String(answer.action)}, content=${JSON.stringify(answer.content)}`;

const stringArgument = (name: string): JsonObject => ({
  type: 'object',
  properties: { [name]: { type: 'string' } },
  required: [name],
});

const DEFAULTS: JsonObject = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const titled = (names: readonly string[]): JsonObject[] =>
  names.map((title, index) => ({ const: `value${index + 1}`, title }));

const ENUMS: JsonObject = {
  untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  titledSingle: { type: 'string', oneOf: titled(['First Option', 'Second Option', 'Third Option']) },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
  titledMulti: { type: 'array', items: { anyOf: titled(['First Choice', 'Second Choice', 'Third Choice']) } },
};

const TOOLS: readonly QuestionTool[] = [
  asking(
    'test_sampling',
    'Asks the client for a completion',
    'sample',
    (args) => sample(String(args.prompt), 100),
    (answer) => `LLM response: ${String((answer.content as JsonObject | undefined)?.text)}`,
    stringArgument('prompt'),
  ),
  asking(
    'test_elicitation',
    'Asks the user for name and address',
    'user',
    (args) =>
      form(String(args.message), {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      }),
    (answer) => `User response: action: ${String(answer.action)}, content: ${JSON.stringify(answer.content)}`,
    stringArgument('message'),
  ),
  asking(
    'test_elicitation_url',
    'Asks the user to open a page',
    'page',
    () => ({
      method: 'elicitation/create',
      params: { mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in', elicitationId: 'e1' },
    }),
    completed,
  ),
  asking(
    'test_elicitation_sep1034_defaults',
    'Asks with defaults',
    'defaults',
    () => form('Defaults', DEFAULTS),
    completed,
  ),
  asking(
    'test_elicitation_sep1330_enums',
    'Asks with all kinds of choices',
    'enums',
    () => form('Choices', ENUMS),
    completed,
  ),
  asking(
    'test_streaming_elicitation',
    'Asks on a streamed call',
    'user_name',
    () => form('What is your name?', NAME),
    completed,
  ),
  asking(
    'test_input_required_result_elicitation',
    'Asks for a name',
    'user_name',
    () => form('What is your name?', NAME),
    (answer) => `Hello, ${String((answer.content as JsonObject | undefined)?.name)}!`,
  ),
  asking(
    'test_input_required_result_sampling',
    'Asks for a completion',
    'capital_question',
    () => sample('What is the capital of France?', 100),
    (answer) => String((answer.content as JsonObject | undefined)?.text),
  ),
  asking(
    'test_input_required_result_list_roots',
    'Asks for the roots',
    'client_roots',
    () => roots,
    (answer) => `Roots: ${JSON.stringify(answer.roots)}`,
  ),
  {
    name: 'test_input_required_result_request_state',
    description: 'Asks and wants its state back',
    run: (_args, io) =>
      io.answers.confirm !== undefined && io.state === 'confirming'
        ? textResult('state-ok')
        : { questions: { confirm: form('Please confirm', { ok: { type: 'boolean' } }) }, state: 'confirming' },
  },
  {
    name: 'test_input_required_result_tampered_state',
    description: 'Asks and refuses state that is not its own',
    run: (_args, io) =>
      io.answers.confirm !== undefined && io.state === 'tamper-proof'
        ? textResult('state-ok')
        : { questions: { confirm: form('Please confirm', { ok: { type: 'boolean' } }) }, state: 'tamper-proof' },
  },
  {
    name: 'test_input_required_result_multiple_inputs',
    description: 'Asks three things at once',
    run: (_args, io) =>
      ['user_name', 'greeting', 'client_roots'].every((key) => io.answers[key] !== undefined)
        ? textResult('Got all three')
        : {
            questions: {
              user_name: form('What is your name?', NAME),
              greeting: sample('Generate a greeting', 50),
              client_roots: roots,
            },
            state: 'three',
          },
  },
  {
    name: 'test_input_required_result_multi_round',
    description: 'Asks twice, one after the other',
    run(_args, io) {
      if (io.state === 'two' && io.answers.step2 !== undefined) return textResult('Both steps answered');
      if (io.state === 'one' && io.answers.step1 !== undefined)
        return {
          questions: { step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) },
          state: 'two',
        };
      return { questions: { step1: form('Step 1: What is your name?', NAME) }, state: 'one' };
    },
  },
  {
    name: 'test_input_required_result_capabilities',
    description: 'Asks only what this client can be asked',
    run(_args, io) {
      if (Object.keys(io.answers).length > 0) return textResult('Answered');
      const questions: { [key: string]: Question } = {};
      if (io.clientCapabilities.sampling !== undefined) questions.greeting = sample('Generate a greeting', 50);
      if (io.clientCapabilities.elicitation !== undefined) questions.user_name = form('What is your name?', NAME);
      return Object.keys(questions).length > 0 ? { questions } : textResult('Nothing can be asked');
    },
  },
  {
    name: 'test_missing_capability',
    description: 'Works only for clients with sampling',
    run(_args, io) {
      // A legacy server finds out by asking.
      if (io.era === 'legacy' && io.answers.greeting === undefined)
        return { questions: { greeting: sample('Generate a greeting', 50) } };
      if (io.clientCapabilities.sampling === undefined)
        throw new FixtureError(-32021, 'Missing required client capability', {
          requiredCapabilities: { sampling: {} },
        });
      return textResult('The client has sampling');
    },
  },
];

/** All tools that ask. */
export const QUESTION_TOOLS: readonly FixtureTool[] = TOOLS.map(({ name, description, inputSchema, run }) => ({
  definition: { name, description, inputSchema: inputSchema ?? { type: 'object', properties: {} } },
  run,
}));

const user = (content: JsonObject): JsonObject => ({ role: 'user', content });

/** Present only while `test_trigger_prompt_change` has switched it on. */
export const EXTRA_PROMPT: FixturePrompt = {
  definition: { name: 'test_extra_prompt', description: 'Comes and goes with test_trigger_prompt_change' },
  run: () => ({ result: { messages: [user(text('still here'))] } }),
};

export const PROMPTS: readonly FixturePrompt[] = [
  {
    definition: { name: 'test_simple_prompt', description: 'One fixed message' },
    run: () => ({ result: { messages: [user(text('This is a simple prompt for testing.'))] } }),
  },
  {
    definition: {
      name: 'test_prompt_with_arguments',
      description: 'Writes both arguments into its message',
      arguments: [
        { name: 'arg1', description: 'First test argument', required: true },
        { name: 'arg2', description: 'Second test argument', required: true },
      ],
    },
    run: (args) => ({
      result: {
        messages: [user(text(`Prompt with arguments: arg1='${String(args.arg1)}', arg2='${String(args.arg2)}'`))],
      },
    }),
  },
  {
    definition: {
      name: 'test_prompt_with_embedded_resource',
      description: 'Embeds the resource with the given URI',
      arguments: [{ name: 'resourceUri', description: 'URI of the resource to embed', required: true }],
    },
    run: (args) => ({
      result: {
        messages: [
          user({
            type: 'resource',
            resource: {
              uri: String(args.resourceUri),
              mimeType: 'text/plain',
              text: 'Embedded resource content for testing.',
            },
          }),
          user(text('Please process the embedded resource above.')),
        ],
      },
    }),
  },
  {
    definition: { name: 'test_prompt_with_image', description: 'An image and a request' },
    run: () => ({ result: { messages: [user(image()), user(text('Please analyze the image above.'))] } }),
  },
  {
    definition: { name: 'test_input_required_result_prompt', description: 'Asks for a context first' },
    run: (_args, io) =>
      io.answers.user_context === undefined
        ? { questions: { user_context: form('What context should the prompt use?', { context: { type: 'string' } }) } }
        : { result: { messages: [user(text(`Context: ${JSON.stringify(io.answers.user_context)}`))] } },
  },
];
