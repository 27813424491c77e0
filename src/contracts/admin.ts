/** Who may manage what: roles, permissions, and the person or program behind a request to the admin API. */

/** From most to least. */
export const ROLES = ['owner', 'admin', 'operator', 'auditor', 'member'] as const;
export type Role = (typeof ROLES)[number];

/** `resource:verb`. */
export const PERMISSIONS = [
  /** Organisations, teams, users. */
  'people:read',
  'people:write',
  /** Of everybody; whoever has neither may still see and make their own. */
  'keys:read',
  'keys:write',
  'own-keys:write',
  /** Tokens of the admin API, roles of users, sign-in settings. */
  'access:write',
  /** Servers, providers, toolsets, policies, routes, webhooks. */
  'config:read',
  'config:write',
  /** Approvals of definitions, drains, breakers: what is done in operation. */
  'operate',
  'trail:read',
  'spend:read',
  'explain',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Whoever is behind an admin request, once believed. */
export type AdminActor =
  | { readonly type: 'admin-token'; readonly id: string; readonly name: string; readonly role: Role }
  | {
      readonly type: 'user';
      readonly id: string;
      readonly name: string;
      readonly role: Role;
      readonly sessionId: string;
    };
