/** How a command fails: one line, a remedy, and an exit code that scripts can rely on (docs/reference/cli.md). */

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** It was tried and failed: problems found, tool answered with an error, nothing to revoke. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** No gateway answers at the address. */
  unreachable: 3,
  /** The gateway answers but does not accept the key. */
  refused: 4,
} as const;

/** Thrown by commands; `main` prints it without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  readonly remedy: string | undefined;
  constructor(exitCode: number, message: string, remedy?: string) {
    super(message);
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
