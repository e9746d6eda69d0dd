// A brief with its plans, latest last: paged backwards, and refetched by the brief's global id.

import { graphql } from 'relay-runtime';

export const query = graphql`
  query briefQuery($briefId: ID!, $last: Int!) {
    brief(briefId: $briefId) {
      ...brief_plans @arguments(last: $last)
    }
  }
`;

export const plans = graphql`
  fragment brief_plans on Brief
  @argumentDefinitions(last: { type: "Int!" }, before: { type: "String" })
  @refetchable(queryName: "briefPlansPaginationQuery") {
    stage
    strategyPlans(last: $last, before: $before, orderBy: { field: VERSION, direction: ASC })
      @connection(key: "brief_strategyPlans", filters: []) {
      totalCount
      edges {
        node {
          version
          approval
        }
      }
    }
  }
`;
