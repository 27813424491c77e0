/** The fixture's plain tools: fixed contents, errors, progress, logging, list changes, and schemas that must survive. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FixtureTool, JsonObject } from './fixture-content.ts';
import { image, silentWavBase64, text, textResult } from './fixture-content.ts';

const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {} };

/** Lists that the trigger tools change for real: each call adds the item, or takes it away again. */
export interface Changing {
  extraTool: boolean;
  extraPrompt: boolean;
  /** Calls of `test_wait_until_given_up` that were. */
  givenUp: number;
}

function tool(name: string, description: string, run: FixtureTool['run'], inputSchema = NO_ARGUMENTS): FixtureTool {
  return { definition: { name, description, inputSchema }, run };
}

/** Present only while `test_trigger_tool_change` has switched it on. */
export const EXTRA_TOOL = tool('test_extra_tool', 'Comes and goes with test_trigger_tool_change', () =>
  textResult('still here'),
);

/** JSON Schema 2020-12 keywords that everybody on the way has to keep. */
const SCHEMA_2020_12: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword, not a promise
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** All tools that ask nothing. */
export function createPlainTools(changing: Changing): readonly FixtureTool[] {
  return [
    tool('test_simple_text', 'Answers one text', () => textResult('This is a simple text response for testing.')),
    tool('test_image_content', 'Answers one image', () => ({ result: { content: [image()] } })),
    tool('test_audio_content', 'Answers one audio clip', () => ({
      result: { content: [{ type: 'audio', data: silentWavBase64(), mimeType: 'audio/wav' }] },
    })),
    tool('test_embedded_resource', 'Answers one embedded resource', () => ({
      result: {
        content: [
          {
            type: 'resource',
            resource: {
              uri: 'test://embedded-resource',
              mimeType: 'text/plain',
              text: 'This is an embedded resource content.',
            },
          },
        ],
      },
    })),
    tool('test_multiple_content_types', 'Answers text, image and resource', () => ({
      result: {
        content: [
          text('Multiple content types test:'),
          image(),
          {
            type: 'resource',
            resource: {
              uri: 'test://mixed-content-resource',
              mimeType: 'application/json',
              text: JSON.stringify({ test: 'data', value: 123 }),
            },
          },
        ],
      },
    })),
    tool('test_error_handling', 'Always fails', () => ({
      result: { isError: true, content: [text('This tool intentionally returns an error for testing')] },
    })),
    tool('test_tool_with_logging', 'Logs three messages', async (_args, io) => {
      await io.log('info', 'Tool execution started');
      await sleep(50);
      await io.log('info', 'Tool processing data');
      await sleep(50);
      await io.log('info', 'Tool execution completed');
      return textResult('Logged three messages');
    }),
    tool('test_logging_tool', 'Logs one message if this request asked for logs', async (_args, io) => {
      await io.log('info', 'One message');
      return textResult('Logged what was asked for');
    }),
    tool('test_tool_with_progress', 'Reports progress three times', async (_args, io) => {
      await io.progress(0, 100);
      await sleep(50);
      await io.progress(50, 100);
      await sleep(50);
      await io.progress(100, 100);
      return textResult('Done');
    }),
    tool('test_reconnection', 'Ends its event stream before it answers', async (_args, io) => {
      io.dropStream();
      await sleep(100);
      return textResult('Answered after the stream was closed');
    }),
    tool('test_wait_until_given_up', 'Does not answer before its client gives up', async (_args, io) => {
      await new Promise((resolve) => {
        if (io.signal.aborted) resolve(undefined);
        io.signal.addEventListener('abort', resolve);
      });
      changing.givenUp += 1;
      return textResult('nobody hears this');
    }),
    tool('test_given_up', 'Says how often test_wait_until_given_up was given up', () =>
      textResult(String(changing.givenUp)),
    ),
    tool('test_trigger_tool_change', 'Adds or removes test_extra_tool', (_args, io) => {
      changing.extraTool = !changing.extraTool;
      io.changed('tools');
      return textResult(`test_extra_tool is ${changing.extraTool ? 'there' : 'gone'}`);
    }),
    tool('test_trigger_prompt_change', 'Adds or removes test_extra_prompt', (_args, io) => {
      changing.extraPrompt = !changing.extraPrompt;
      io.changed('prompts');
      return textResult(`test_extra_prompt is ${changing.extraPrompt ? 'there' : 'gone'}`);
    }),
    tool('test_touch_watched_resource', 'Says that test://watched-resource has changed', (_args, io) => {
      io.updated('test://watched-resource');
      return textResult('touched');
    }),
    tool(
      'test_x_mcp_header',
      'Mirrors two arguments into headers (2026-07-28)',
      (args) => textResult(`region=${String(args.region)} priority=${String(args.priority)}`),
      {
        type: 'object',
        properties: {
          region: { type: 'string', 'x-mcp-header': 'Region' },
          priority: { type: 'integer', 'x-mcp-header': 'Priority' },
        },
      },
    ),
    tool(
      'json_schema_2020_12_tool',
      'Tool with JSON Schema 2020-12 features',
      (args) => textResult(JSON.stringify(args)),
      SCHEMA_2020_12,
    ),
  ];
}
