// Mercurius with its JIT over our tables: loaders, a pool, prepared statements. Its schema has our
// names, as far as the scenarios need them.
import fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import pg from "pg";

const { DATABASE_URL, POOL_SIZE } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) });

const schema = `
  scalar DateTime
  enum QcSeverity { CRITICAL MAJOR MINOR }
  enum ErrorCode { VALIDATION NOT_FOUND REVISION_CONFLICT INVALID_TRANSITION }
  interface MutationError { code: ErrorCode! message: String! path: [String!]! }
  type ValidationError implements MutationError {
    code: ErrorCode! message: String! path: [String!]!
  }
  type PageInfo {
    hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String
  }
  type QcIssue { position: Int! severity: QcSeverity! section: String! reason: String! }
  type QcResult {
    resultId: ID! draftId: ID! passed: Boolean! score: Float! evaluatedAt: DateTime!
    issues: [QcIssue!]!
  }
  type Draft {
    draftId: ID! contentType: String! title: String! qcResult: QcResult
  }
  type DeliveryArtifact { position: Int! name: String! url: String! format: String! }
  type DeliveryPackage {
    packageId: ID! draftId: ID! revision: Int! createdAt: DateTime! updatedAt: DateTime!
    artifacts: [DeliveryArtifact!]! draft: Draft
  }
  type DeliveryPackageConnection {
    nodes: [DeliveryPackage!]! pageInfo: PageInfo! totalCount: Int!
  }
  input DeliveryArtifactInput { name: String! url: String! format: String! }
  input SaveDeliveryPackageInput {
    packageId: ID! draftId: ID! artifacts: [DeliveryArtifactInput!]!
  }
  type SaveDeliveryPackagePayload {
    deliveryPackage: DeliveryPackage errors: [MutationError!]!
  }
  type Query {
    deliveryPackage(packageId: ID!): DeliveryPackage
    deliveryPackages(first: Int = 20, after: String): DeliveryPackageConnection!
  }
  type Mutation {
    saveDeliveryPackage(input: SaveDeliveryPackageInput!): SaveDeliveryPackagePayload
  }
`;

const PACKAGE = `package_id AS "packageId", draft_id AS "draftId", revision,
  created_at AS "createdAt", updated_at AS "updatedAt"`;

const statements = {
  package: `SELECT ${PACKAGE} FROM delivery_packages WHERE package_id = $1`,
  count: "SELECT count(*)::int AS number FROM delivery_packages",
  page: `SELECT ${PACKAGE} FROM delivery_packages
    ORDER BY created_at DESC, package_id LIMIT $1`,
  pageAfter: `SELECT ${PACKAGE} FROM delivery_packages
    WHERE created_at < $2 OR created_at = $2 AND package_id > $3
    ORDER BY created_at DESC, package_id LIMIT $1`,
  artifacts: `SELECT package_id AS "packageId", position, name, url, format
    FROM delivery_artifacts WHERE package_id = ANY($1) ORDER BY package_id, position`,
  drafts: `SELECT draft_id AS "draftId", content_type AS "contentType", title
    FROM production_drafts WHERE draft_id = ANY($1)`,
  results: `SELECT result_id AS "resultId", draft_id AS "draftId", passed, score,
    evaluated_at AS "evaluatedAt" FROM qc_results WHERE draft_id = ANY($1)`,
  issues: `SELECT result_id AS "resultId", position, severity, section, reason
    FROM qc_issues WHERE result_id = ANY($1) ORDER BY result_id, position`,
  upsert: `INSERT INTO delivery_packages AS stored
      (package_id, draft_id, created_at, updated_at, revision)
    VALUES ($1, $2, now(), now(), 1)
    ON CONFLICT (package_id) DO UPDATE
    SET draft_id = excluded.draft_id,
        updated_at = greatest(stored.updated_at, excluded.updated_at),
        revision = stored.revision + 1
    RETURNING ${PACKAGE}`,
  forget: "DELETE FROM delivery_artifacts WHERE package_id = $1",
  insert: `INSERT INTO delivery_artifacts (package_id, position, created_at, name, url, format)
    SELECT $1, number - 1, $2, name, url, format
    FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY
      AS given (name, url, format, number)`,
};

async function rows(name, values = [], connection = pool) {
  return (await connection.query({ name, text: statements[name], values })).rows;
}

/** A loader of the one row that has the same key, or null. */
const one = (name, key) => ({
  loader: async (queries) => {
    const found = new Map();
    for (const row of await rows(name, [queries.map(({ obj }) => obj[key])])) {
      found.set(row[key], row);
    }
    return queries.map(({ obj }) => found.get(obj[key]) ?? null);
  },
  opts: { cache: false },
});

/** A loader of all rows that have the same key, in the order of the statement. */
const many = (name, key) => ({
  loader: async (queries) => {
    const found = new Map(queries.map(({ obj }) => [obj[key], []]));
    for (const row of await rows(name, [[...found.keys()]])) found.get(row[key]).push(row);
    return queries.map(({ obj }) => found.get(obj[key]));
  },
  opts: { cache: false },
});

const cursorOf = ({ createdAt, packageId }) =>
  Buffer.from(JSON.stringify([createdAt, packageId])).toString("base64url");

async function page(_, { first, after }) {
  const place = after ? JSON.parse(Buffer.from(after, "base64url").toString()) : null;
  const found = place
    ? await rows("pageAfter", [first + 1, ...place])
    : await rows("page", [first + 1]);
  const nodes = found.slice(0, first);
  return {
    nodes,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage: place !== null,
      startCursor: nodes.length ? cursorOf(nodes[0]) : null,
      endCursor: nodes.length ? cursorOf(nodes.at(-1)) : null,
    },
  };
}

async function save(_, { input }) {
  const { packageId, draftId, artifacts } = input;
  const connection = await pool.connect();
  try {
    await connection.query("BEGIN");
    const [saved] = await rows("upsert", [packageId, draftId], connection);
    await rows("forget", [packageId], connection);
    const columns = ["name", "url", "format"].map((name) => artifacts.map((each) => each[name]));
    await rows("insert", [packageId, saved.updatedAt, ...columns], connection);
    await connection.query("COMMIT");
    return { deliveryPackage: saved, errors: [] };
  } catch (error) {
    await connection.query("ROLLBACK");
    throw error;
  } finally {
    connection.release();
  }
}

const app = fastify();
await app.register(mercurius, {
  schema,
  jit: 1,
  resolvers: {
    DateTime: new GraphQLScalarType({ name: "DateTime", serialize: (time) => time.toISOString() }),
    MutationError: { resolveType: () => "ValidationError" },
    Query: {
      deliveryPackage: async (_, { packageId }) => (await rows("package", [packageId]))[0] ?? null,
      deliveryPackages: page,
    },
    DeliveryPackageConnection: { totalCount: async () => (await rows("count"))[0].number },
    Mutation: { saveDeliveryPackage: save },
  },
  loaders: {
    DeliveryPackage: {
      artifacts: many("artifacts", "packageId"),
      draft: one("drafts", "draftId"),
    },
    Draft: { qcResult: one("results", "draftId") },
    QcResult: { issues: many("issues", "resultId") },
  },
});
console.log(`${await app.listen({ host: "127.0.0.1", port: 0 })}/graphql`);
