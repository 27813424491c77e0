/** Slack, as the reference server answers: JSON texts with `ok`, pages by cursor. */

import { type RecordedServer, ToolFault } from './recorded-server.ts';

const CHANNELS = ['general', 'engineering', 'incidents', 'random', 'releases'];
const USERS = ['ada', 'bob', 'carol', 'dave', 'buildbot'];

export function createSlack(): RecordedServer {
  let posted = 0;
  const refused = new Set<unknown>();
  return {
    slack_list_channels: {
      description: 'List public channels in the workspace with pagination',
      parameters: { 'limit?': 'number', 'cursor?': 'string' },
      answer: ({ limit, cursor }) => {
        const from = typeof cursor === 'string' && cursor !== '' ? Number(cursor.replace('cur', '')) : 0;
        const to = from + Math.min(typeof limit === 'number' ? limit : 100, 2);
        return {
          ok: true,
          channels: CHANNELS.slice(from, to).map((name, i) => ({
            ...{ id: `C0${from + i}`, name, is_archived: name === 'random', num_members: 10 * (from + i + 1) },
          })),
          response_metadata: { next_cursor: to < CHANNELS.length ? `cur${to}` : '' },
        };
      },
    },
    slack_get_channel_history: {
      description: 'Get recent messages from a channel',
      parameters: { channel_id: 'string', 'limit?': 'number' },
      answer: ({ channel_id: id, limit }) => {
        const index = Number(String(id).slice(2));
        if (!String(id).startsWith('C0') || Number.isNaN(index))
          throw new ToolFault('{"ok":false,"error":"channel_not_found"}');
        return {
          ok: true,
          messages: Array.from({ length: Math.min(6, typeof limit === 'number' ? limit : 10) }, (_, i) => ({
            ...{ type: 'message', user: `U0${(index + i) % 5}`, ts: `17639${10_000 + 1000 * index + i}.000${i}00` },
            text: [
              ...['deploy of api v1.4.2 done :rocket:', 'anyone seen the 502s on checkout?', 'lunch?'],
              ...['<@U02> please review acme/web#42', 'deploy of web v2.0.0 failed', 'ok'],
            ][(i + index) % 6],
            ...(i % 3 === 1 ? { reply_count: i, reactions: [{ name: 'eyes', count: i, users: ['U01'] }] } : {}),
          })),
          has_more: false,
        };
      },
    },
    slack_post_message: {
      description: 'Post a new message to a Slack channel',
      parameters: { channel_id: 'string', text: 'string' },
      answer: ({ channel_id: id, text }) => {
        if (id === 'C09') throw new ToolFault('{"ok":false,"error":"not_in_channel"}');
        // The first message to this channel is too much, whoever sends it.
        if (id === 'C02' && !refused.has(id)) {
          refused.add(id);
          throw new ToolFault('{"ok":false,"error":"ratelimited"}');
        }
        posted++;
        return { ok: true, channel: id, ts: `1763990000.00${posted}`, message: { text } };
      },
    },
    slack_get_users: {
      description: 'Get a list of all users in the workspace with their basic profile information',
      parameters: { 'cursor?': 'string', 'limit?': 'number' },
      answer: () => ({
        ok: true,
        members: USERS.map((name, i) => ({
          ...{ id: `U0${i}`, name, deleted: i === 3, is_bot: name === 'buildbot' },
          profile: { real_name: `${name[0]?.toUpperCase()}${name.slice(1)} Example`, email: `${name}@example.com` },
        })),
      }),
    },
    slack_get_user_profile: {
      description: 'Get detailed profile information for a specific user',
      parameters: { user_id: 'string' },
      answer: ({ user_id: id }) => {
        const name = USERS[Number(String(id).slice(2))];
        if (name === undefined) throw new ToolFault('{"ok":false,"error":"user_not_found"}');
        return { ok: true, profile: { real_name: name, email: `${name}@example.com`, title: 'Engineer' } };
      },
    },
    slack_add_reaction: {
      description: 'Add a reaction emoji to a message',
      parameters: { channel_id: 'string', timestamp: 'string', reaction: 'string' },
      answer: () => ({ ok: true }),
    },
  };
}
