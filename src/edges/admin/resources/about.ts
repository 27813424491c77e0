/** The API about itself: its document, its version, its errors. */

import { z } from 'zod';
import { ERRORS } from '../../../contracts/errors.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { renderOpenApi } from '../openapi.ts';
import { NoParams, NoQuery } from './words.ts';

const words = {
  tag: 'about',
  params: NoParams,
  query: NoQuery,
  status: 200,
  precondition: 'none',
  method: 'GET',
} as const;

/** The document describes these operations and the others. */
export function createAboutOperations(others: readonly Operation[]): readonly Operation[] {
  let document: object | undefined;
  const about: readonly Operation[] = [
    defineOperation({
      ...{ ...words, id: 'getVersion', path: '/version', permission: 'anyone', summary: 'Which version answers' },
      answer: z.strictObject({ name: z.string(), version: z.string() }),
      async handle(deps) {
        return { body: { name: deps.identity.name, version: deps.identity.version } };
      },
    }),
    defineOperation({
      ...{ ...words, id: 'listErrors', path: '/errors', permission: 'public', summary: 'Every error there is' },
      answer: z.strictObject({
        items: z.array(
          z.strictObject({ code: z.string(), status: z.int(), title: z.string(), isRetryable: z.boolean() }),
        ),
      }),
      async handle() {
        const items = Object.entries(ERRORS).map(([code, { httpStatus, text, retryable }]) => ({
          ...{ code, status: httpStatus, title: text, isRetryable: retryable },
        }));
        return { body: { items } };
      },
    }),
    defineOperation({
      ...{ ...words, id: 'getOpenApi', path: '/openapi.json', permission: 'public', summary: 'This document' },
      answer: z.record(z.string(), z.unknown()),
      async handle() {
        document ??= renderOpenApi([...about, ...others]);
        return { body: document };
      },
    }),
  ];
  return about;
}
