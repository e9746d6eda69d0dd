// Prints what changed from one schema's file to another, by graphql-inspector, as a JSON list.

import { readFileSync } from 'node:fs';
import { diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const [before, after] = process.argv.slice(2).map((file) => buildSchema(readFileSync(file, 'utf8')));
const changes = await diff(before, after);
console.log(
  JSON.stringify(
    changes.map(({ type, path, message, criticality: { level } }) => ({
      type,
      path,
      message,
      level,
    })),
  ),
);
