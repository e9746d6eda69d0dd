// Holds a schema's file against graphql-eslint's schema-recommended and schema-relay rules.
// Prints { problems, excused } as JSON, where `excused` are those that are argued for here.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';
import { buildSchema, print } from 'graphql';

const [file] = process.argv.slice(2);
const schema = buildSchema(readFileSync(file, 'utf8'));
const entities = schema.getPossibleTypes(schema.getType('Node')).map((type) => type.name);

const VALUE_OBJECTS = [
  'ActionBlocker',
  'ActionTarget',
  'AvailableAction',
  'BriefScope',
  'Caller',
  'DeliveryArtifact',
  'DeliveryArtifactMove',
  'DeliveryArtifactReplacement',
  'DeliveryPackageDiff',
  'DeliveryPackageVersion',
  'FieldChange',
  'Kpi',
  'Milestone',
  'ModelExchange',
  'PageInfo',
  'QcEvaluation',
  'QcFinding',
  'QcIssue',
  'Recommendation',
  'RunStep',
  'StrategyTimeline',
  'Tactic',
  'UploadHeader',
  'UploadRequest',
  'Viewer',
  'WebhookAttempt',
];

// No entities of the pipeline: `node` doesn't find them, and caches know them by these keys.
const KNOWN_BY = ['AccessToken', 'Event', 'QcBenchmark', 'WebhookDelivery', 'WebhookEndpoint'];

const EXCEPTIONS = {
  'no-typename-prefix': {
    // `draftId` is called so on Draft as on all that refers to one, in arguments and in inputs.
    'key named after its type': ({ value, parent: field }) => {
      const type = field.parent.name.value;
      return value === `${type[0].toLowerCase()}${type.slice(1)}Id`;
    },
  },
  'strict-id-in-types': {
    // It is its values: only its parent leads to it, so no cache has to know it again.
    'value object without id': ({ value }) => VALUE_OBJECTS.includes(value),
    // They belong to one response, around what does have an id.
    'payload, error, edge, connection or change without id': ({ value }) =>
      /(Payload|Error|Edge|Connection|[a-z]Change)$/.test(value),
    'known by a key of its own': ({ value }) => KNOWN_BY.includes(value),
  },
  'relay-arguments': {
    // It begins with what happened last, and who reads on wants what was before.
    'history, read from the newest on': ({ value, parent }) =>
      ['history', 'versions'].includes(value ?? parent?.name?.value),
  },
  'relay-edge-types': {
    // It's not more than the run's steps, which name it in their order.
    'what a run has made': (type) =>
      ['drafts', 'deliveryPackages'].includes(type.parent.name?.value),
    // What belongs to its parent is few, ordered, and comes whole: there is nothing to page.
    // And a list called `nodes` has what its edges or ids have already said.
    'plain list of children': (type) =>
      type.parent.name.value === 'nodes' ||
      !entities.includes(print(type.rawNode()).replace(/[[\]!]/g, '')),
  },
};

const excused = [];

/** The rule, reporting only what no exception excuses. */
function excusing(name, exceptions) {
  const rule = graphql.rules[name];
  const create = (context) => {
    const report = (problem) => {
      const [reason] = Object.entries(exceptions).find(([, excuses]) => excuses(problem.node)) ?? [];
      if (!reason) return context.report(problem);
      excused.push({ rule: name, line: problem.node.loc.start.line, reason });
    };
    return rule.create(Object.create(context, { report: { value: report } }));
  };
  return { ...rule, create };
}

const ours = Object.entries(EXCEPTIONS).map(([name, exceptions]) => [name, excusing(name, exceptions)]);
const linter = new ESLint({
  cwd: dirname(file),
  overrideConfigFile: true,
  overrideConfig: {
    files: ['**/*.graphql'],
    plugins: { '@graphql-eslint': { rules: { ...graphql.rules, ...Object.fromEntries(ours) } } },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: file } } },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
    },
  },
});
const results = await linter.lintFiles([file]);
const problems = results.flatMap(({ messages }) =>
  messages.map(({ ruleId, line, message }) => ({ rule: ruleId, line, message })),
);
console.log(JSON.stringify({ problems, excused }));
