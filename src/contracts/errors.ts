/** The closed catalogue of everything the gateway itself can answer with; edges render it in their dialect. */

/** One row: HTTP status and JSON-RPC code it is rendered with, whether trying again can help, and its public text. */
export interface ErrorRow {
  readonly httpStatus: number;
  readonly rpcCode: number;
  readonly retryable: boolean;
  readonly text: string;
}

/** Codes of ours lie outside the ranges JSON-RPC and MCP reserve (-32768 to -32000). */
export const ERRORS = {
  parse_error: { httpStatus: 400, rpcCode: -32700, retryable: false, text: 'The body is not valid JSON' },
  invalid_request: { httpStatus: 400, rpcCode: -32600, retryable: false, text: 'The message is not a valid request' },
  unknown_method: { httpStatus: 404, rpcCode: -32601, retryable: false, text: 'Method not found' },
  invalid_params: { httpStatus: 400, rpcCode: -32602, retryable: false, text: 'The parameters are not valid' },
  invalid_state: {
    httpStatus: 400,
    rpcCode: -32602,
    retryable: false,
    text: 'The requestState is not valid for this call',
  },
  unknown_tool: { httpStatus: 404, rpcCode: -32602, retryable: false, text: 'Unknown tool' },
  unknown_prompt: { httpStatus: 404, rpcCode: -32602, retryable: false, text: 'Unknown prompt' },
  unknown_resource: { httpStatus: 404, rpcCode: -32602, retryable: false, text: 'Resource not found' },
  unknown_task: { httpStatus: 404, rpcCode: -32602, retryable: false, text: 'Unknown task' },
  unknown_server: { httpStatus: 404, rpcCode: -31404, retryable: false, text: 'No such endpoint' },
  unknown_session: { httpStatus: 404, rpcCode: -31405, retryable: false, text: 'Session not found' },
  invalid_cursor: { httpStatus: 400, rpcCode: -32602, retryable: false, text: 'The cursor is not valid' },
  header_mismatch: { httpStatus: 400, rpcCode: -32020, retryable: false, text: 'Headers and body disagree' },
  missing_capability: { httpStatus: 400, rpcCode: -32021, retryable: false, text: 'A client capability is required' },
  unsupported_version: { httpStatus: 400, rpcCode: -32022, retryable: false, text: 'Unsupported protocol version' },
  unauthenticated: { httpStatus: 401, rpcCode: -31401, retryable: false, text: 'A valid key is required' },
  unknown_subject: {
    httpStatus: 403,
    rpcCode: -31408,
    retryable: false,
    text: 'Nobody here is who this token was issued to',
  },
  insufficient_scope: {
    httpStatus: 403,
    rpcCode: -31409,
    retryable: false,
    text: 'This token was not issued for that',
  },
  issuer_unavailable: {
    httpStatus: 503,
    rpcCode: -31410,
    retryable: true,
    text: 'The token cannot be checked for now',
  },
  forbidden_host: { httpStatus: 403, rpcCode: -31403, retryable: false, text: 'This Host is not allowed' },
  forbidden_origin: { httpStatus: 403, rpcCode: -31403, retryable: false, text: 'This Origin is not allowed' },
  denied_by_policy: { httpStatus: 403, rpcCode: -31420, retryable: false, text: 'A rule does not allow this call' },
  approval_required: { httpStatus: 403, rpcCode: -31421, retryable: false, text: 'This call needs an approval' },
  approval_rejected: { httpStatus: 403, rpcCode: -31460, retryable: false, text: 'A person rejected this call' },
  not_suggested: {
    httpStatus: 403,
    rpcCode: -31461,
    retryable: false,
    text: 'Only what a model suggested to this key may be carried out here',
  },
  unknown_suggestion: { httpStatus: 404, rpcCode: -31462, retryable: false, text: 'Unknown suggestion' },
  suggestion_expired: { httpStatus: 410, rpcCode: -31463, retryable: false, text: 'This suggestion has expired' },
  arguments_changed: {
    httpStatus: 409,
    rpcCode: -31464,
    retryable: false,
    text: 'The arguments are not those that the model suggested',
  },
  suggestion_withdrawn: { httpStatus: 409, rpcCode: -31465, retryable: false, text: 'This suggestion was withdrawn' },
  execution_running: { httpStatus: 409, rpcCode: -31466, retryable: true, text: 'This call is being carried out' },
  unknown_run: { httpStatus: 404, rpcCode: -31467, retryable: false, text: 'Unknown run' },
  run_conflict: { httpStatus: 409, rpcCode: -31468, retryable: false, text: 'The run cannot go on like this' },
  sandbox_unavailable: {
    httpStatus: 503,
    rpcCode: -31470,
    retryable: false,
    text: 'No sandbox is available here',
  },
  sandbox_busy: { httpStatus: 503, rpcCode: -31471, retryable: true, text: 'All sandboxes are busy' },
  sandbox_state_invalid: {
    httpStatus: 410,
    rpcCode: -31472,
    retryable: false,
    text: 'What the script had kept cannot be used any more',
  },
  sandbox_state_too_large: {
    httpStatus: 413,
    rpcCode: -31473,
    retryable: false,
    text: 'What the script keeps is too large to be stored',
  },
  unknown_execution: { httpStatus: 404, rpcCode: -31474, retryable: false, text: 'Unknown execution' },
  outside_network: {
    httpStatus: 403,
    rpcCode: -31422,
    retryable: false,
    text: 'This key may not be used from this address',
  },
  outside_hours: { httpStatus: 403, rpcCode: -31423, retryable: false, text: 'This key may not be used at this time' },
  no_provider_key: {
    httpStatus: 403,
    rpcCode: -31424,
    retryable: false,
    text: 'No key of a provider that has this model may be used by this key',
  },
  outside_parameters: {
    httpStatus: 400,
    rpcCode: -31425,
    retryable: false,
    text: 'A parameter of the request is outside what this key may ask for',
  },
  method_not_allowed: { httpStatus: 405, rpcCode: -31406, retryable: false, text: 'HTTP method not allowed' },
  not_acceptable: { httpStatus: 406, rpcCode: -31407, retryable: false, text: 'The Accept header does not fit' },
  unsupported_media_type: {
    httpStatus: 415,
    rpcCode: -31415,
    retryable: false,
    text: 'Content-Type must be application/json',
  },
  body_too_large: { httpStatus: 413, rpcCode: -31413, retryable: false, text: 'The body is too large' },
  rate_limited: { httpStatus: 429, rpcCode: -31429, retryable: true, text: 'A limit is used up' },
  budget_exceeded: { httpStatus: 402, rpcCode: -31402, retryable: false, text: 'A budget has no room for this call' },
  limits_unavailable: {
    httpStatus: 503,
    rpcCode: -31517,
    retryable: true,
    text: 'Limits cannot be counted for now, so the call was not made',
  },
  too_many: { httpStatus: 503, rpcCode: -31503, retryable: true, text: 'Too many at once' },
  cancelled: { httpStatus: 499, rpcCode: -31499, retryable: false, text: 'The call was cancelled' },
  upstream_unavailable: { httpStatus: 503, rpcCode: -31510, retryable: true, text: 'The server is not available' },
  upstream_needs_auth: {
    httpStatus: 502,
    rpcCode: -31511,
    retryable: false,
    text: 'The server refused our credentials',
  },
  upstream_failed: { httpStatus: 502, rpcCode: -31512, retryable: true, text: 'The server gave no valid answer' },
  upstream_timeout: { httpStatus: 504, rpcCode: -31513, retryable: true, text: 'The server did not answer in time' },
  outcome_unknown: {
    httpStatus: 502,
    rpcCode: -31514,
    retryable: false,
    text: 'The server went away during the call; whether the call took effect is unknown',
  },
  connection_required: {
    httpStatus: 403,
    rpcCode: -31480,
    retryable: false,
    text: 'The server is called with an account of your own, which is not connected',
  },
  user_required: {
    httpStatus: 403,
    rpcCode: -31481,
    retryable: false,
    text: 'The server is called with the account of a user, and this key belongs to none',
  },
  exchange_refused: {
    httpStatus: 403,
    rpcCode: -31482,
    retryable: false,
    text: 'No token for the server could be got for this caller',
  },
  exchange_unavailable: {
    httpStatus: 503,
    rpcCode: -31483,
    retryable: true,
    text: 'No token for the server can be got for now',
  },
  cross_era_unsupported: {
    httpStatus: 501,
    rpcCode: -31515,
    retryable: false,
    text: 'The server asked to open a URL by an error that the revision of this client does not have',
  },
  unknown_model: { httpStatus: 404, rpcCode: -31530, retryable: false, text: 'Unknown model' },
  unsupported_by_model: {
    httpStatus: 400,
    rpcCode: -31531,
    retryable: false,
    text: 'The model that was asked for cannot do this',
  },
  refused_by_provider: {
    httpStatus: 400,
    rpcCode: -31532,
    retryable: false,
    text: 'The provider does not accept this request',
  },
  context_too_long: {
    httpStatus: 400,
    rpcCode: -31533,
    retryable: false,
    text: 'The request is longer than the model takes',
  },
  content_filtered: {
    httpStatus: 400,
    rpcCode: -31534,
    retryable: false,
    text: "The provider's content filter refused the request",
  },
  provider_rate_limited: {
    httpStatus: 429,
    rpcCode: -31535,
    retryable: true,
    text: 'The provider takes no more requests for now',
  },
  provider_unavailable: {
    httpStatus: 503,
    rpcCode: -31536,
    retryable: true,
    text: 'The provider is not available',
  },
  provider_failed: { httpStatus: 502, rpcCode: -31537, retryable: true, text: 'The provider gave no valid answer' },
  provider_timeout: { httpStatus: 504, rpcCode: -31538, retryable: true, text: 'The provider did not answer in time' },
  provider_needs_auth: {
    httpStatus: 502,
    rpcCode: -31539,
    retryable: false,
    text: 'The provider refused our credentials',
  },
  audit_unavailable: {
    httpStatus: 503,
    rpcCode: -31516,
    retryable: true,
    text: 'The audit trail cannot be written, so the call was not made',
  },
  forbidden: { httpStatus: 403, rpcCode: -31440, retryable: false, text: 'Your role does not allow this' },
  unknown_object: { httpStatus: 404, rpcCode: -31441, retryable: false, text: 'There is no such object' },
  conflict: { httpStatus: 409, rpcCode: -31442, retryable: false, text: 'This does not go with what is there' },
  owned_by_file: {
    httpStatus: 409,
    rpcCode: -31443,
    retryable: false,
    text: 'The configuration file owns this object',
  },
  changed_meanwhile: {
    httpStatus: 412,
    rpcCode: -31444,
    retryable: false,
    text: 'The object is no longer the one that was read',
  },
  version_required: {
    httpStatus: 428,
    rpcCode: -31445,
    retryable: false,
    text: 'Say with If-Match which version is to be replaced',
  },
  idempotency_mismatch: {
    httpStatus: 422,
    rpcCode: -31446,
    retryable: false,
    text: 'This Idempotency-Key was used for another request',
  },
  repeated_too_soon: {
    httpStatus: 409,
    rpcCode: -31447,
    retryable: true,
    text: 'A request with this Idempotency-Key is under way',
  },
  too_many_attempts: { httpStatus: 429, rpcCode: -31448, retryable: true, text: 'Too many failed attempts' },
  internal: { httpStatus: 500, rpcCode: -32603, retryable: false, text: 'Internal error' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * The one error steps and edges throw. `message` is public: it never holds upstream bodies, secrets or stacks.
 * `data` is rendered as JSON-RPC `error.data`; `cause` is for our log only.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly data: { readonly [key: string]: unknown } | undefined;
  /** What goes into `WWW-Authenticate`: where a client can get a token that is good (RFC 6750, RFC 9728). */
  readonly challenge: string | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { data?: { readonly [key: string]: unknown }; cause?: unknown; challenge?: string } = {},
  ) {
    super(detail === undefined ? ERRORS[code].text : `${ERRORS[code].text}: ${detail}`, { cause: options.cause });
    this.code = code;
    this.data = options.data;
    this.challenge = options.challenge;
  }
}
