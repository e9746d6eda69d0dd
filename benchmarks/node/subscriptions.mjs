// Mercurius with its JIT, whose subscriptions get over mqemitter what a mutation publishes.
import fastify from "fastify";
import mercurius from "mercurius";

const schema = `
  type Event { cursor: String! type: String! key: ID! revisionAfter: Int! }
  input EventFilter { keys: [ID!] }
  type Query { ready: Boolean! }
  type Mutation { publish(key: ID!, revision: Int!): Boolean! }
  type Subscription { events(filter: EventFilter): Event! }
`;

const app = fastify();
await app.register(mercurius, {
  schema,
  jit: 1,
  subscription: true,
  resolvers: {
    Query: { ready: () => true },
    Mutation: {
      publish: async (_, { key, revision }, { pubsub }) => {
        const cursor = Buffer.from(`${key}:${revision}`).toString("base64url");
        const events = { cursor, type: "DRAFT_SAVED", key, revisionAfter: revision };
        await pubsub.publish({ topic: "all", payload: { events } });
        await pubsub.publish({ topic: `key/${key}`, payload: { events } });
        return true;
      },
    },
    Subscription: {
      events: {
        subscribe: (_, { filter }, { pubsub }) =>
          pubsub.subscribe(filter?.keys ? filter.keys.map((key) => `key/${key}`) : "all"),
      },
    },
  },
});
console.log(`${await app.listen({ host: "127.0.0.1", port: 0 })}/graphql`);
