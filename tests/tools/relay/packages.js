// A list of packages that grows as one scrolls down, and a row of it.

import { graphql } from 'relay-runtime';

export const query = graphql`
  query packagesQuery($first: Int!, $filter: DeliveryPackageFilter) {
    ...packages_list @arguments(first: $first, filter: $filter)
  }
`;

export const list = graphql`
  fragment packages_list on Query
  @argumentDefinitions(
    first: { type: "Int!" }
    after: { type: "String" }
    filter: { type: "DeliveryPackageFilter" }
  )
  @refetchable(queryName: "packagesPaginationQuery") {
    deliveryPackages(
      first: $first
      after: $after
      filter: $filter
      orderBy: { field: CREATED_AT, direction: DESC }
    ) @connection(key: "packages_deliveryPackages", filters: ["filter", "orderBy"]) {
      edges {
        node {
          ...packages_row
        }
      }
    }
  }
`;

export const row = graphql`
  fragment packages_row on DeliveryPackage @refetchable(queryName: "packagesRowRefetchQuery") {
    packageId
    artifacts {
      position
      name
    }
    draft {
      title
      qcResult {
        passed
      }
    }
  }
`;
