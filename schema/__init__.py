"""What clients see: the GraphQL schema, in Strawberry."""
