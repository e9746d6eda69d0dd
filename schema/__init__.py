"""The GraphQL schema, in Strawberry."""
