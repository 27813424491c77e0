/** How an operation of the admin API is declared: everything the one way of serving, the document and the tests know of it. */

import type { z } from 'zod';
import type { AdminActor, Permission } from '../../contracts/admin.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import type { ChangeOrigin } from '../../contracts/objects.ts';
import type { AdminDeps } from './admin-deps.ts';

/** A request that was authenticated, permitted and checked. */
export interface OperationRequest<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly actor: AdminActor;
  /** What the record of changes says of it. */
  readonly origin: ChangeOrigin;
  readonly nowMs: number;
  /** Of `If-Match`; undefined: none was sent, or `*`. */
  readonly ifVersion: number | undefined;
}

export interface OperationAnswer {
  /** Has to fit the operation's `answer`; what does not is a failure of ours, and is not sent. */
  readonly body: unknown;
  /** Of the one object in the body: becomes its ETag. Undefined: there is no one object, or it has no versions. */
  readonly version?: number | undefined;
  /** Path of what was created, below `/api/v1`. */
  readonly location?: string | undefined;
  /** Where the next page begins; undefined: this is the last one, or there are no pages. */
  readonly nextCursor?: string | undefined;
}

export interface OperationParts<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  /** Unique; `listTeams`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/api/v1`; `{id}` stands for one segment. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** `anyone`: whoever is authenticated. `public`: everybody. */
  readonly permission: Permission | 'anyone' | 'public';
  readonly params: P;
  readonly query: Q;
  /** Undefined: takes none. */
  readonly body?: B | undefined;
  readonly answer: z.ZodType;
  readonly status: 200 | 201;
  /** `required`: 428 without `If-Match`. `optional`: heeded where it is sent. `none`: not taken. */
  readonly precondition: 'required' | 'optional' | 'none';
  /** Without this port there is no such operation. */
  readonly needs?: 'standings' | 'config' | 'explain' | 'runs' | 'approvals' | undefined;
  /** Besides those that any operation may answer. */
  readonly problems?: readonly ErrorCode[];
  handle(deps: AdminDeps, request: OperationRequest<z.output<P>, z.output<Q>, z.output<B>>): Promise<OperationAnswer>;
}

/** One of them, whatever its schemas. */
export type Operation = OperationParts<z.ZodType, z.ZodType, z.ZodType>;

/** Only for its types: what `handle` gets follows from the schemas. */
export function defineOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType = z.ZodUndefined>(
  parts: OperationParts<P, Q, B>,
): Operation {
  return parts;
}
