// What changes the list: by the user's own doing, and by others'.

import { graphql } from 'relay-runtime';

export const save = graphql`
  mutation changesSaveMutation($input: SaveDeliveryPackageInput!, $connections: [ID!]!) {
    saveDeliveryPackage(input: $input) {
      deliveryPackage
        @prependNode(connections: $connections, edgeTypeName: "DeliveryPackageEdge") {
        ...packages_row
      }
      errors {
        __typename
        message
        path
        ... on RevisionConflictError {
          actualRevision
        }
      }
    }
  }
`;

export const remove = graphql`
  mutation changesDeleteMutation($input: DeleteDeliveryPackageInput!, $connections: [ID!]!) {
    deleteDeliveryPackage(input: $input) {
      deletedId @deleteEdge(connections: $connections) @deleteRecord
      errors {
        message
      }
    }
  }
`;

export const follow = graphql`
  subscription changesFollowSubscription($packageId: ID!) {
    deliveryPackageChanged(packageId: $packageId) {
      kind
      deliveryPackage {
        ...packages_row
      }
    }
  }
`;
