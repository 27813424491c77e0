/** How each agent is told of the gateway and run without a person: settings, environment, flags. */

import { arch, platform } from 'node:process';
import { type AgentPackage, packageFile } from './packages.ts';

/** What one run is given. */
export interface RunContext {
  /** Of the gateway, without a path. */
  readonly url: string;
  readonly key: string;
  /** As it is asked for: `provider/model`, or an alias. */
  readonly model: string;
  readonly prompt: string;
  /** Empty, and removed afterwards. */
  readonly home: string;
  /** Where it works; holds `note.txt`. */
  readonly work: string;
}

export interface AgentRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
  /** Settings to be there before it starts, by path. */
  readonly files: { readonly [path: string]: string };
}

export interface Agent {
  readonly id: string;
  readonly package: AgentPackage;
  /** A line of the prompt that has its own tool read the file. */
  readonly readNote: (file: string) => string;
  /** The name of the gateway's tool `name`, as the agent shows it to the model of this provider. */
  readonly mcpTool: (name: string, provider: string) => string;
  readonly run: (context: RunContext) => AgentRun;
}

const SYSTEM = `${platform}-${arch}`;
const call = (name: string, args: object): string => `!call ${name} ${JSON.stringify(args)}`;
const node = process.execPath;

export const AGENTS: readonly Agent[] = [
  {
    id: 'claude-code',
    package: '@anthropic-ai/claude-code',
    readNote: (file) => call('Read', { file_path: file }),
    mcpTool: (name) => `mcp__gw__${name}`,
    run: ({ url, key, model, prompt, home }) => ({
      command: packageFile(`@anthropic-ai/claude-code-${SYSTEM}`, 'claude'),
      args: ['-p', prompt, '--strict-mcp-config', '--mcp-config', `${home}/mcp.json`, '--allowedTools', 'Read,mcp__gw'],
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_AUTH_TOKEN: key,
        ANTHROPIC_MODEL: model,
        ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        CLAUDE_CONFIG_DIR: `${home}/.claude`,
      },
      files: {
        [`${home}/mcp.json`]: JSON.stringify({
          mcpServers: { gw: { type: 'http', url: `${url}/mcp`, headers: { Authorization: `Bearer ${key}` } } },
        }),
      },
    }),
  },
  {
    id: 'codex',
    package: '@openai/codex',
    readNote: (file) => call('exec_command', { cmd: `cat ${file}` }),
    // Its tools are in namespaces, which other APIs than Responses have not.
    mcpTool: (name, provider) => (provider === 'openai' || provider === 'fake' ? name : `mcp__gw__${name}`),
    run: ({ url, key, model, prompt, home }) => ({
      command: node,
      args: [
        packageFile('@openai/codex', 'bin/codex.js'),
        'exec',
        '--skip-git-repo-check',
        '--dangerously-bypass-approvals-and-sandbox',
        prompt,
      ],
      env: { CODEX_HOME: `${home}/.codex`, PORTCULLIS_KEY: key },
      files: {
        [`${home}/.codex/config.toml`]: [
          `model = "${model}"`,
          'model_provider = "portcullis"',
          'check_for_update_on_startup = false',
          '[analytics]',
          'enabled = false',
          '[model_providers.portcullis]',
          'name = "Portcullis"',
          `base_url = "${url}/v1"`,
          'env_key = "PORTCULLIS_KEY"',
          'wire_api = "responses"',
          'request_max_retries = 0',
          'stream_max_retries = 0',
          '[mcp_servers.gw]',
          `url = "${url}/mcp"`,
          'bearer_token_env_var = "PORTCULLIS_KEY"',
          '',
        ].join('\n'),
      },
    }),
  },
  {
    id: 'gemini-cli',
    package: '@google/gemini-cli',
    readNote: (file) => call('read_file', { file_path: file }),
    mcpTool: (name) => `mcp_gw_${name}`,
    run: ({ url, key, model, prompt, home }) => ({
      command: node,
      args: [
        packageFile('@google/gemini-cli', 'bundle/gemini.js'),
        '--yolo',
        '--skip-trust',
        '-m',
        model,
        '-p',
        prompt,
      ],
      env: { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: key, GEMINI_CLI_NO_RELAUNCH: 'true' },
      files: {
        [`${home}/.gemini/settings.json`]: JSON.stringify({
          security: { auth: { selectedType: 'gemini-api-key' } },
          privacy: { usageStatisticsEnabled: false },
          general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
          mcpServers: { gw: { httpUrl: `${url}/mcp`, headers: { Authorization: `Bearer ${key}` } } },
        }),
      },
    }),
  },
  {
    id: 'opencode',
    package: 'opencode-ai',
    readNote: (file) => call('read', { filePath: file }),
    mcpTool: (name) => `gw_${name}`,
    run: ({ url, key, model, prompt, work }) => ({
      command: packageFile(`opencode-${SYSTEM}`, 'bin/opencode'),
      // It puts quotation marks around an argument with blanks, and escapes what is in it.
      args: ['run', '--pure', '--auto', '-m', `portcullis/${model}`, ...prompt.split(' ')],
      env: { PORTCULLIS_KEY: key, OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' },
      files: {
        [`${work}/opencode.json`]: JSON.stringify({
          provider: {
            portcullis: {
              npm: '@ai-sdk/openai-compatible',
              options: { baseURL: `${url}/v1`, apiKey: '{env:PORTCULLIS_KEY}' },
              models: { [model]: {} },
            },
          },
          autoupdate: false,
          share: 'disabled',
          mcp: { gw: { type: 'remote', url: `${url}/mcp`, headers: { Authorization: `Bearer ${key}` }, oauth: false } },
        }),
      },
    }),
  },
  {
    id: 'qwen-code',
    package: '@qwen-code/qwen-code',
    readNote: (file) => call('read_file', { file_path: file }),
    mcpTool: (name) => `mcp__gw__${name}`,
    run: ({ url, key, model, prompt, home }) => ({
      command: node,
      args: [packageFile('@qwen-code/qwen-code', 'cli-entry.js'), '--yolo', '--auth-type', 'openai', '-p', prompt],
      env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: model },
      files: {
        [`${home}/.qwen/settings.json`]: JSON.stringify({
          privacy: { usageStatisticsEnabled: false },
          general: { disableAutoUpdate: true, disableUpdateNag: true, enableAutoUpdate: false },
          mcpServers: { gw: { httpUrl: `${url}/mcp`, headers: { Authorization: `Bearer ${key}` } } },
        }),
      },
    }),
  },
];
