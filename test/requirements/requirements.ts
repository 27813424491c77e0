/**
 * What the protocol wants of a gateway, feature by feature and cell by cell. A test proves a requirement by naming it at the
 * end of its title: `the form is shown [MCP-ELICIT-FORM legacy→modern]`. `npm test` is red while one of them has no passing
 * test, and when a test names one that does not stand here.
 */

/** Who speaks which era, client→server; `legacy→any` is about one side only. */
export const ALL_CELLS = ['legacy→legacy', 'legacy→modern', 'modern→legacy', 'modern→modern'] as const;
const MODERN_CLIENT = ['modern→legacy', 'modern→modern'] as const;
const EACH_CLIENT = ['legacy→any', 'modern→any'] as const;

export interface Requirement {
  /** Without the cell. */
  readonly id: string;
  /** Page of the specification; of the newer revision where both have it. */
  readonly spec: string;
  readonly sentence: string;
  /** Each needs a proof of its own; none: one proof is enough. */
  readonly cells: readonly string[];
  /** Why it is not met yet; a proof of it is red, so that this is taken out when it is. */
  readonly open?: string;
}

function require(
  id: string,
  spec: string,
  sentence: string,
  cells: readonly string[] = ALL_CELLS,
  open?: string,
): Requirement {
  return { id: `MCP-${id}`, spec, sentence, cells, ...(open === undefined ? {} : { open }) };
}

export const REQUIREMENTS: readonly Requirement[] = [
  // Questions in mid-call.
  require('ELICIT-FORM', 'client/elicitation', 'a form reaches the user, and what was filled in reaches the server'),
  require('ELICIT-SCHEMA', 'client/elicitation', 'defaults and choices of a form reach the client as the server wrote them'),
  require('ELICIT-DECLINE', 'client/elicitation', 'declining is an answer, not an error'),
  require('ELICIT-URL', 'client/elicitation', 'the user is asked to open a URL, and the server hears whether they agreed'),
  require('SAMPLING', 'client/sampling', 'the client’s model answers the server'),
  require('ROOTS', 'client/roots', 'the server gets the roots of the client that calls'),
  require('ASK-SEVERAL', 'basic/patterns/mrtr', 'questions put together are answered together'),
  require('ASK-IN-TURN', 'basic/patterns/mrtr', 'a question may follow from an answer'),
  require('ASK-IN-PROMPT', 'basic/patterns/mrtr', 'a prompt may ask, too'),
  require('ASK-DECLARED-ONLY', 'basic/index', 'a client is asked only what it declared that it can be asked'),
  require('ASK-NOBODY', 'basic/index', 'a client that can be asked nothing gets a clear error, and no question'),
  require('ASK-PARALLEL', 'basic/patterns/mrtr', 'answers reach the call they belong to, of several at a time'),
  // The state a modern client carries.
  require('STATE-BOUND', 'basic/patterns/mrtr', 'state is refused when changed, from another key or with other parameters', MODERN_CLIENT),
  require('STATE-SERVER', 'basic/patterns/mrtr', 'state is good at one server only', MODERN_CLIENT),
  require('STATE-TRAIL', 'basic/patterns/mrtr', 'each leg of a call is recorded, the later one pointing to the earlier', MODERN_CLIENT),
  require('STATE-ONCE', 'basic/patterns/mrtr', 'what answered a parked call answers nothing a second time', [
    'modern→legacy',
  ]),
  require('STATE-MISSING', 'basic/patterns/mrtr', 'a missing answer is asked for again', ['modern→legacy']),
  require('STATE-BOUNDS', 'basic/patterns/mrtr', 'parked calls are bounded in number for each key', ['modern→legacy']),
  require('STATE-EXPIRY', 'basic/patterns/mrtr', 'a parked call whose client stays away is given up', [
    'modern→legacy',
  ]),
  // While a call runs.
  require('PROGRESS', 'basic/patterns/progress', 'progress reaches the client that asked for it, growing'),
  require('LOGGING', 'server/utilities/logging', 'log messages come from the level asked for, and not below it'),
  require('CANCEL', 'basic/patterns/cancellation', 'a call the client gives up is given up at the server'),
  require('CANCEL-TRAIL', 'basic/patterns/cancellation', 'a call given up is recorded as cancelled'),
  // What changes.
  require('TOOLS-CHANGED', 'server/tools', 'a changed tool list is told'),
  require('PROMPTS-CHANGED', 'server/prompts', 'a changed prompt list is told'),
  require('RESOURCE-UPDATED', 'server/resources', 'a changed resource is told to who subscribed to it'),
  require('LISTEN-ACK', 'basic/patterns/subscriptions', 'a listen stream begins with what was agreed', MODERN_CLIENT),
  // Lists, results, errors.
  require('COMPLETION', 'server/utilities/completion', 'arguments are completed'),
  require('PAGES-OF-SERVERS', 'server/utilities/pagination', 'what a server lists on several pages is listed whole'),
  require('PAGES-OF-OURS', 'server/utilities/pagination', 'a long list comes in pages, each item once', EACH_CLIENT),
  require('CONTENT', 'server/tools', 'text, images, audio and resources in results arrive as they were'),
  require('PROMPT', 'server/prompts', 'a prompt is got with its arguments'),
  require('RESOURCE', 'server/resources', 'text, binary and templated resources are read'),
  require('RESULT-SHAPE', 'basic/index', 'a result says what the client’s era wants to know'),
  require('LIST-SHAPE', 'server/utilities/caching', 'a list says how long it may be kept where the era has that, and not elsewhere'),
  require('SCHEMA', 'server/tools', 'every keyword of a JSON schema survives'),
  require('PARAM-HEADERS', 'basic/transports', 'arguments that the server wants to see in headers are in headers'),
  require('TOOL-ERROR', 'server/tools', 'a tool’s error is a result'),
  require('UNKNOWN-TOOL', 'server/tools', 'an unknown tool is -32602'),
  require('UNKNOWN-METHOD', 'basic/index', 'an unknown method is -32601', EACH_CLIENT),
  require('NO-RESOURCE', 'server/resources', 'a missing resource has the code of the client’s era'),
  // Several servers as one, for clients of both eras.
  require('EQUAL-URIS', 'server/resources', 'equal resources of two servers are each read under a URI of their own', EACH_CLIENT),
  require('MADE-UP-URIS', 'server/resources', 'a resource that a result points to can be read', EACH_CLIENT),
  require('TOOLSET', 'server/tools', 'a toolset shows its own few tools', EACH_CLIENT),
  require('SESSION-LOST', 'basic/transports', 'a session the gateway forgot is answered 404, and a new one works', [
    'legacy→any',
  ]),
  require('SERVER-SESSION-LOST', 'basic/transports', 'a server that forgets its sessions is asked again in a new one', []),
  // Extensions.
  require('SKILLS', 'extensions/skills', 'skills are listed, got and read from the server they belong to', []),
  require('TASKS', 'extensions/tasks', 'a task is polled, asked and cancelled through the gateway', ['modern→modern']),
  require('TASKS-BOUND', 'extensions/tasks', 'an id of a task is good for its caller only', ['modern→modern']),
  require('TASKS-NOTIFIED', 'extensions/tasks', 'who listens for a task is told of it', ['modern→modern']),
  require('TASKS-DECLARED-ONLY', 'extensions/tasks', 'only who declared tasks gets them', ['modern→modern']),
  require('TASKS-AWAITED', 'extensions/tasks', 'a client that knows no tasks gets the result of one', [
    'legacy→modern',
    'modern→modern',
  ]),
  require('TASKS-ASK', 'extensions/tasks', 'what a task asks is asked of the client', [
    'legacy→modern',
    'modern→modern',
  ]),
  require('TASKS-CANCELLED', 'extensions/tasks', 'a cancelled call takes the task it waits for with it', [
    'legacy→modern',
  ]),
  require('TASKS-AT-ONCE', 'extensions/tasks', 'a legacy server answers with the result at once', [
    'legacy→legacy',
    'modern→legacy',
  ]),
  require('TASKS-RESTART', 'extensions/tasks', 'a task outlives a restart, but not the loss of its tool', []),
];
