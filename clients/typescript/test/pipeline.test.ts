// Against the server at AICMO_URL.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as seconds } from 'node:timers/promises';
import { GraphQLClient } from 'graphql-request';

import { Api } from '../src/api.ts';
import {
  approvePlan,
  explain,
  packageChanges,
  packagePages,
  Refused,
  saveDraft,
  type Failure,
} from '../src/pipeline.ts';

const url = process.env['AICMO_URL'] ?? 'http://localhost:8000/graphql';
const api = new Api(url);
after(() => api.close());

test('packages come page by page, newest first, with what QC says', async () => {
  const { draftId } = await saveDraft(api, { ...draft, title: 'Listed' });
  await mutate('recordQcResult', 'qcResult { resultId }', {
    draftId,
    passed: false,
    score: 0.5,
    issues: [issue],
  });
  const packages = [];
  for (let count = 0; count < 3; count += 1) packages.unshift(await savePackage({ draftId }));

  const pages = await all(packagePages(api, { pageSize: 2, filter: { draftId: { eq: draftId } } }));

  assert.deepEqual(
    pages.map((page) => page.map((row) => row.packageId)),
    [packages.slice(0, 2), packages.slice(2)],
  );
  const row = pages[0]?.[0];
  assert.equal(row?.draft?.title, 'Listed');
  assert.equal(row.draft.qcResult?.passed, false);
  assert.equal(row.draft.qcResult.score, 0.5);
  assert.deepEqual(row.draft.qcResult.issues, [{ position: 0, ...issue }]);
});

test('nothing to list is one empty page', async () => {
  const filter = { packageId: { in: [] } };

  assert.deepEqual(await all(packagePages(api, { filter })), [[]]);
});

test('a draft is saved, and comes back as it is stored', async () => {
  const metadata = { words: 2, tags: ['b', 'a'], nested: { z: 1.5, a: null } };

  const saved = await saveDraft(api, { ...draft, metadata });

  assert.equal(saved.revision, 1);
  assert.equal(saved.title, draft.title);
  assert.equal(JSON.stringify(saved.metadata), JSON.stringify(metadata));
  assert.ok(Math.abs(Date.parse(saved.updatedAt) - Date.now()) < 60_000);
});

test('a draft that breaks rules is refused, with all that is wrong', async () => {
  const failures = await refusal(saveDraft(api, { ...draft, title: ' ', contentType: '' }));

  assert.deepEqual(failures.map((failure) => failure.path.join('.')).sort(), [
    'contentType',
    'title',
  ]);
});

test('a plan is approved', async () => {
  const plan = await savePlan();

  const approved = await approvePlan(api, {
    strategyId: plan,
    decidedBy: 'Ada',
    expectedRevision: 1,
  });

  assert.equal(approved.approval, 'APPROVED');
  assert.equal(approved.decidedBy, 'Ada');
  assert.equal(approved.revision, 2);
});

test('each reason not to approve is told apart, and explained', async () => {
  const plan = await savePlan();
  const decision = { strategyId: plan, decidedBy: 'Ada' };

  const invalid = await onlyFailure(approvePlan(api, { ...decision, decidedBy: '' }));
  assert.equal(invalid.__typename, 'ValidationError');
  assert.match(explain(invalid), /^decidedBy: ./);

  const missing = await onlyFailure(approvePlan(api, { ...decision, strategyId: 'no-such-plan' }));
  assert.equal(missing.__typename, 'NotFoundError');
  assert.equal(explain(missing), 'Somebody deleted it meanwhile.');

  const conflict = await onlyFailure(approvePlan(api, { ...decision, expectedRevision: 7 }));
  assert.equal(conflict.__typename, 'RevisionConflictError');
  assert.match(explain(conflict), /you saw revision 7, now it is at 1/);

  await approvePlan(api, decision);
  const decided = await onlyFailure(approvePlan(api, decision));
  assert.equal(decided.__typename, 'InvalidTransitionError');
  assert.equal(explain(decided), "It is APPROVED already, so it can't become APPROVED.");
});

test('a package is followed until it is deleted', { timeout: 120_000 }, async () => {
  const { draftId } = await saveDraft(api, draft);
  const packageId = await savePackage({ draftId });
  const changes = packageChanges(api, packageId);

  // No protocol says when a subscription has begun: change the package until that is seen.
  const first = changes.next();
  do await savePackage({ packageId, draftId });
  while (!(await Promise.race([first, seconds(200)])));
  const { value: change } = await first;
  assert.equal(change?.kind, 'SAVED');
  assert.equal(change.packageId, packageId);
  assert.ok(change.deliveryPackage && change.deliveryPackage.revision > 1);

  await mutate('deleteDeliveryPackage', 'deletedId', { packageId });

  for await (const { kind, deliveryPackage } of changes) {
    if (kind === 'DELETED') {
      assert.equal(deliveryPackage, null);
      break;
    }
  }
});

const draft = {
  strategyId: 'plan-of-a-test',
  contentType: 'blog_post',
  title: 'A title',
  body: 'A body.',
};
const issue = { severity: 'MINOR', section: 'Footer', reason: 'A link is broken.' };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

async function refusal(outcome: Promise<unknown>): Promise<readonly Failure[]> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof Refused) return error.failures;
    throw error;
  }
  assert.fail('was not refused');
}

async function onlyFailure(outcome: Promise<unknown>): Promise<Failure> {
  const [failure, ...others] = await refusal(outcome);
  assert.deepEqual(others, []);
  assert.ok(failure);
  return failure;
}

// What the frontend itself never does, but its tests need.

async function savePlan(): Promise<string> {
  const payload = await mutate('saveStrategyPlan', 'strategyPlan { strategyId }', {
    briefId: crypto.randomUUID(),
    executiveSummary: 'Short routes near the city.',
    timeline: { durationWeeks: 8 },
  });
  return payload.strategyPlan.strategyId;
}

async function savePackage(input: { draftId: string; packageId?: string }): Promise<string> {
  const selection = 'deliveryPackage { packageId }';
  const payload = await mutate('saveDeliveryPackage', selection, input);
  return payload.deliveryPackage.packageId;
}

async function mutate(name: string, selection: string, input: object): Promise<any> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const { payload } = await new GraphQLClient(url).request<any>(
    `mutation ($input: ${type}!) {
      payload: ${name}(input: $input) { errors { message } ${selection} }
    }`,
    { input },
  );
  assert.deepEqual(payload.errors, []);
  return payload;
}
