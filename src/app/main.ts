/** The command line: every command, and the one place where a failure becomes a line and an exit code. */

import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { closest } from '../lib/closest.ts';
import { adminTokensCommand } from './commands/admin-tokens.ts';
import { approvalsCommand } from './commands/approvals.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { checkCommand } from './commands/check.ts';
import { CommandError, EXIT, messageOf } from './commands/command-error.ts';
import { configCommand } from './commands/config.ts';
import { connectCommand } from './commands/connect.ts';
import { definitionsCommand } from './commands/definitions.ts';
import { initCommand } from './commands/init.ts';
import { keysCommand } from './commands/keys.ts';
import { organizationsCommand, teamsCommand } from './commands/levels.ts';
import { loginCommand } from './commands/login.ts';
import { migrateCommand } from './commands/migrate.ts';
import { modelsCommand } from './commands/models.ts';
import { oauthCommand } from './commands/oauth.ts';
import { policyCommand } from './commands/policy.ts';
import { runsCommand } from './commands/runs.ts';
import { secretsCommand } from './commands/secrets.ts';
import { serveCommand } from './commands/serve.ts';
import { serversCommand } from './commands/servers.ts';
import { stdioCommand } from './commands/stdio.ts';
import { paintNote, printNote } from './commands/terminal.ts';
import { toolsCommand } from './commands/tools.ts';
import { usersCommand } from './commands/users.ts';
import { readVersion } from './read-version.ts';

/** The whole command line, unparsed; the documentation tests read it too. */
export function createProgram(): Command {
  const program = new Command('portcullis')
    .description('One governed endpoint in front of every MCP server and model.')
    .version(readVersion(), '-V, --version')
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    // Before the commands: they inherit it.
    .exitOverride()
    .addHelpText(
      'after',
      `
Without a command, the gateway is started (see portcullis serve --help).

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no gateway at the address, 4 key not accepted.`,
    );
  for (const add of [
    serveCommand,
    initCommand,
    checkCommand,
    configCommand,
    keysCommand,
    adminTokensCommand,
    usersCommand,
    teamsCommand,
    organizationsCommand,
    policyCommand,
    definitionsCommand,
    serversCommand,
    loginCommand,
    oauthCommand,
    secretsCommand,
    toolsCommand,
    modelsCommand,
    auditCommand,
    approvalsCommand,
    runsCommand,
    connectCommand,
    stdioCommand,
    migrateCommand,
    backupCommand,
  ]) {
    add(program);
  }
  return program;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const label = paintNote('red', 'portcullis:');
  printNote(`${label} ${messageOf(error)}`);
  if (error instanceof CommandError) {
    if (error.remedy !== undefined) printNote(`  ${error.remedy}`);
    return error.exitCode;
  }
  return error instanceof z.ZodError ? EXIT.usage : EXIT.failed;
}

/** Without this, a mistyped command would be taken for an argument of the default one. */
function refuseUnknownCommand(program: Command, first: string | undefined): void {
  if (first === undefined || first.startsWith('-')) return;
  const names = [...program.commands.map((command) => command.name()), 'help'];
  if (names.includes(first)) return;
  const near = closest(first, names);
  const remedy =
    near === undefined ? '`portcullis --help` lists the commands.' : `Did you mean \`portcullis ${near}\`?`;
  throw new CommandError(EXIT.usage, `there is no command ${JSON.stringify(first)}`, remedy);
}

/** Runs one command line (without node and script). Sets the exit code; never rejects. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe went away (`| head`): nothing left to do.
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  try {
    const program = createProgram();
    refuseUnknownCommand(program, args[0]);
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}
