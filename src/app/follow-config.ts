/** Applies changes of the configuration file live; a bad edit leaves the old configuration running and says so. */

import type { ConfigResult, GatewayConfig } from '../contracts/config.ts';
import type { DatabaseConfig, RedisConfig } from '../contracts/config-sections.ts';
import type { Log } from '../contracts/log.ts';
import { renderProblems } from '../platform/config/render-problems.ts';

/** Settings that are read once at start. */
function needingRestart(before: GatewayConfig, after: GatewayConfig): string[] {
  const changed: string[] = [];
  if (before.listen.host !== after.listen.host) changed.push('listen.host');
  if (before.listen.port !== after.listen.port) changed.push('listen.port');
  if (before.limits.maxBodyBytes !== after.limits.maxBodyBytes) changed.push('limits.maxBodyBytes');
  if (before.limits.maxMessageBytes !== after.limits.maxMessageBytes) changed.push('limits.maxMessageBytes');
  if (before.limits.maxToolsPerServer !== after.limits.maxToolsPerServer) changed.push('limits.maxToolsPerServer');
  for (const name of ['questionTimeoutMs', 'maxParkedCalls', 'maxParkedCallsPerKey'] as const)
    if (before.limits[name] !== after.limits[name]) changed.push(`limits.${name}`);
  for (const name of ['sync', 'maxAgeDays', 'maxSizeMb'] as const)
    if (before.audit[name] !== after.audit[name]) changed.push(`audit.${name}`);
  if (!isSameStore(before.database, after.database)) changed.push('database');
  if (!isSameStore(before.redis, after.redis)) changed.push('redis');
  if (before.log.level !== after.log.level) changed.push('log.level');
  return changed;
}

function isSameStore<T extends DatabaseConfig | RedisConfig>(a: T | undefined, b: T | undefined): boolean {
  return a?.url.open() === b?.url.open() && JSON.stringify(a) === JSON.stringify(b);
}

/** One reload at a time, the newest content last. Returns what to call when the file changed. */
export function createConfigFollower(deps: {
  load: () => Promise<ConfigResult>;
  current: () => GatewayConfig;
  apply: (config: GatewayConfig) => Promise<void>;
  log: Log;
}): () => void {
  let running: Promise<void> | undefined;
  let again = false;

  const reload = async (): Promise<void> => {
    const result = await deps.load();
    if (!result.ok) {
      deps.log.error(
        `the changed configuration was not applied, the one before stays in force:\n${renderProblems(result.problems, deps.current().file)}`,
      );
      return;
    }
    if (result.warnings.length > 0)
      deps.log.warn(`the configuration has warnings:\n${renderProblems(result.warnings, deps.current().file)}`);
    const waiting = needingRestart(deps.current(), result.config);
    await deps.apply(result.config);
    deps.log.info('configuration applied', { servers: result.config.servers.length, keys: result.config.keys.length });
    if (waiting.length > 0) deps.log.warn(`these settings take effect at the next start: ${waiting.join(', ')}`);
  };

  const onChange = (): void => {
    if (running !== undefined) {
      again = true;
      return;
    }
    running = reload()
      .catch((error: unknown) => deps.log.error('the changed configuration could not be applied', { error }))
      .finally(() => {
        running = undefined;
        if (again) {
          again = false;
          onChange();
        }
      });
  };
  return onChange;
}
