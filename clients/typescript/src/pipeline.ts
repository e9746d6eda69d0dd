/** What a small frontend does with the pipeline. */

import type { Api } from './api.ts';
import {
  ApprovePlanDocument,
  FollowPackageDocument,
  ListPackagesDocument,
  SaveDraftDocument,
  type ApprovePlanMutation,
  type ApproveStrategyPlanInput,
  type DeliveryPackageFilter,
  type FailureFragment,
  type FollowPackageSubscription,
  type ListPackagesQuery,
  type PackageRowFragment,
  type SaveDraftInput,
  type SaveDraftMutation,
} from './gql/graphql.ts';

export type PackageRow = PackageRowFragment;
export type Failure = FailureFragment;
export type PackageChange = FollowPackageSubscription['deliveryPackageChanged'];
export type Draft = Entity<SaveDraftMutation['saveDraft'], 'draft'>;
export type Plan = Entity<ApprovePlanMutation['approveStrategyPlan'], 'strategyPlan'>;

type Entity<Payload, Name extends keyof NonNullable<Payload>> = NonNullable<
  NonNullable<Payload>[Name]
>;

/** A mutation was refused; nothing was stored. */
export class Refused extends Error {
  readonly failures: readonly Failure[];

  constructor(failures: readonly Failure[]) {
    super(failures.map(explain).join('\n'));
    this.name = 'Refused';
    this.failures = failures;
  }
}

/** All packages with what QC says of them, newest first, a page at a time. */
export async function* packagePages(
  api: Api,
  { pageSize = 20, filter }: { pageSize?: number; filter?: DeliveryPackageFilter } = {},
): AsyncGenerator<PackageRow[], void, void> {
  let after: string | null = null;
  do {
    const { deliveryPackages: page }: ListPackagesQuery = await api.run(ListPackagesDocument, {
      first: pageSize,
      after,
      filter,
    });
    yield page.nodes;
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
}

/** Throws Refused. */
export async function saveDraft(api: Api, input: SaveDraftInput): Promise<Draft> {
  const { saveDraft: payload } = await api.run(SaveDraftDocument, { input });
  return stored(payload?.draft, payload?.errors);
}

/** Throws Refused. */
export async function approvePlan(api: Api, input: ApproveStrategyPlanInput): Promise<Plan> {
  const { approveStrategyPlan: payload } = await api.run(ApprovePlanDocument, { input });
  return stored(payload?.strategyPlan, payload?.errors);
}

/** The changes of a package from now on, until the caller leaves the loop. */
export async function* packageChanges(
  api: Api,
  packageId: string,
): AsyncGenerator<PackageChange, void, void> {
  for await (const { deliveryPackageChanged } of api.follow(FollowPackageDocument, { packageId })) {
    yield deliveryPackageChanged;
  }
}

/** What to tell the user. The compiler complains when a kind of failure is forgotten. */
export function explain(failure: Failure): string {
  switch (failure.__typename) {
    case 'ValidationError':
      return `${failure.message} (${failure.path.join('.')})`;
    case 'NotFoundError':
      return 'Somebody deleted it meanwhile.';
    case 'RevisionConflictError':
      return (
        `Somebody changed it meanwhile: you saw revision ${failure.expectedRevision}, ` +
        `now it is at ${failure.actualRevision}.`
      );
    case 'InvalidTransitionError':
      return `It is ${failure.from} already, so it can't become ${failure.to}.`;
    case 'NotAllowedError':
    case 'UploadRejectedError':
    case 'RejectedError':
      return failure.message;
    default:
      // A kind that a newer server knows.
      return (failure satisfies never as { message: string }).message;
  }
}

function stored<T>(entity: T | null | undefined, failures: readonly Failure[] = []): T {
  if (entity == null) throw new Refused(failures);
  return entity;
}
