import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromOpenApi } from './from-open-api.ts';

test('types get small letters, counts become numbers, nullable a type, at every level', () => {
  assert.deepEqual(
    fromOpenApi({
      type: 'OBJECT',
      properties: {
        nullable: { type: 'STRING', nullable: true, enum: ['a'] },
        type: { type: 'ARRAY', items: { type: 'INTEGER', format: 'int64' }, minItems: '1' },
        either: { any_of: [{ type: 'NUMBER' }, { type: 'TYPE_UNSPECIFIED', description: 'd' }], nullable: true },
      },
      required: ['type'],
      example: { type: 'X' },
      propertyOrdering: ['type', 'nullable'],
    }),
    {
      type: 'object',
      properties: {
        nullable: { type: ['string', 'null'], enum: ['a', null] },
        type: { type: 'array', items: { type: 'integer', format: 'int64' }, minItems: 1 },
        either: { anyOf: [{ type: 'number' }, { description: 'd' }, { type: 'null' }] },
      },
      required: ['type'],
      examples: [{ type: 'X' }],
      propertyOrdering: ['type', 'nullable'],
    },
  );
});
