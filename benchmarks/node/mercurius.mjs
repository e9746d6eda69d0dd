// Mercurius with its JIT over our tables: loaders, a pool, prepared statements. Its schema has our
// names, as far as the scenarios need them.
import "./counting_jit.mjs";
import { randomUUID } from "node:crypto";
import fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import pg from "pg";
import { COUNTS, counts } from "./counts.mjs";

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
    draftId: ID! contentType: String! title: String! createdAt: DateTime! qcResult: QcResult
  }
  type DraftConnection { nodes: [Draft!]! pageInfo: PageInfo! }
  type StrategyPlan {
    strategyId: ID! version: Int! executiveSummary: String! createdAt: DateTime!
    drafts(first: Int = 20): DraftConnection!
  }
  type StrategyPlanConnection { nodes: [StrategyPlan!]! pageInfo: PageInfo! }
  enum BriefStage { INTAKE NORMALIZED }
  type Brief {
    briefId: ID! clientId: ID! stage: BriefStage! createdAt: DateTime!
    strategyPlans(first: Int = 20): StrategyPlanConnection!
  }
  type BriefConnection { nodes: [Brief!]! pageInfo: PageInfo! }
  input IDFilter { eq: ID! }
  input BriefFilter { clientId: IDFilter! }
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
    packageId: ID! draftId: ID! artifacts: [DeliveryArtifactInput!]! expectedRevision: Int
  }
  enum ErrorPolicy { REJECT_EVERYTHING REJECT_FAILED_ROWS }
  input SaveDeliveryPackagesInput {
    rows: [SaveDeliveryPackageInput!]! errorPolicy: ErrorPolicy = REJECT_EVERYTHING
  }
  type SaveDeliveryPackagePayload {
    deliveryPackage: DeliveryPackage errors: [MutationError!]!
  }
  type SaveDeliveryPackagesPayload {
    count: Int! results: [SaveDeliveryPackagePayload!]! errors: [MutationError!]!
  }
  type Query {
    briefs(first: Int = 20, filter: BriefFilter!): BriefConnection!
    deliveryPackage(packageId: ID!): DeliveryPackage
    deliveryPackages(first: Int = 20, after: String): DeliveryPackageConnection!
  }
  type Mutation {
    saveDeliveryPackage(input: SaveDeliveryPackageInput!): SaveDeliveryPackagePayload
    saveLoggedDeliveryPackage(input: SaveDeliveryPackageInput!): SaveDeliveryPackagePayload
    saveDeliveryPackages(input: SaveDeliveryPackagesInput!): SaveDeliveryPackagesPayload
  }
`;

const PACKAGE = `package_id AS "packageId", draft_id AS "draftId", revision,
  created_at AS "createdAt", updated_at AS "updatedAt"`;

/** The newest rows of each of the parents. */
const newestOf = (columns, table, parent, key) => `SELECT item.*
  FROM unnest($1::text[]) AS parent (key)
  CROSS JOIN LATERAL (
    SELECT ${columns}, created_at AS "createdAt" FROM ${table}
    WHERE ${parent} = parent.key ORDER BY created_at DESC, ${key} LIMIT $2
  ) AS item`;

const statements = {
  package: `SELECT ${PACKAGE} FROM delivery_packages WHERE package_id = $1`,
  count: "SELECT count(*)::int AS number FROM delivery_packages",
  page: `SELECT ${PACKAGE} FROM delivery_packages
    ORDER BY created_at DESC, package_id LIMIT $1`,
  pageAfter: `SELECT ${PACKAGE} FROM delivery_packages
    WHERE created_at < $2 OR created_at = $2 AND package_id > $3
    ORDER BY created_at DESC, package_id LIMIT $1`,
  briefs: `SELECT brief_id AS "briefId", client_id AS "clientId", stage, created_at AS "createdAt"
    FROM onboarding_forms WHERE client_id = $1 ORDER BY created_at DESC, brief_id LIMIT $2`,
  plansOfBriefs: newestOf(
    `brief_id AS "briefId", strategy_id AS "strategyId", version,
     executive_summary AS "executiveSummary"`,
    "strategy_plans", "brief_id", "strategy_id",
  ),
  draftsOfPlans: newestOf(
    `strategy_id AS "strategyId", draft_id AS "draftId", content_type AS "contentType", title`,
    "production_drafts", "strategy_id", "draft_id",
  ),
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
  lockMany: `SELECT package_id AS "packageId", revision FROM delivery_packages
    WHERE package_id = ANY($1) ORDER BY package_id FOR UPDATE`,
  upsertMany: `INSERT INTO delivery_packages AS stored
      (package_id, draft_id, created_at, updated_at, revision)
    SELECT given."packageId", given."draftId", now(), now(), 1
    FROM json_to_recordset($1) AS given ("packageId" text, "draftId" text)
    ORDER BY given."packageId"
    ON CONFLICT (package_id) DO UPDATE
    SET draft_id = excluded.draft_id,
        updated_at = greatest(stored.updated_at, excluded.updated_at),
        revision = stored.revision + 1
    RETURNING ${PACKAGE}`,
  forgetMany: "DELETE FROM delivery_artifacts WHERE package_id = ANY($1)",
  insertMany: `INSERT INTO delivery_artifacts (package_id, position, created_at, name, url, format)
    SELECT given."packageId", item.number - 1, now(), item.name, item.url, item.format
    FROM json_to_recordset($1) AS given ("packageId" text, artifacts json)
    CROSS JOIN LATERAL ROWS FROM (
      json_to_recordset(given.artifacts) AS (name text, url text, format text)
    ) WITH ORDINALITY AS item (name, url, format, number)`,
  logMany: `INSERT INTO mercurius_events
      (event_id, type, entity_type, entity_key, revision, revision_before, is_deletion,
       caller_kind, caller_id, request_id, occurred_at, changed_fields, state, created_at,
       updated_at)
    SELECT given."eventId", 'delivery_package.saved', 'delivery_package', given."packageId",
      given.revision, given.revision - 1, false, 'operator', 'operator', $2, given."updatedAt",
      '["artifacts"]', given.state, given."createdAt", given."updatedAt"
    FROM json_to_recordset($1) AS given (
      "eventId" text, "packageId" text, revision int, state json, "createdAt" timestamptz,
      "updatedAt" timestamptz
    )`,
  log: `INSERT INTO mercurius_events
      (event_id, type, entity_type, entity_key, revision, revision_before, is_deletion,
       caller_kind, caller_id, request_id, occurred_at, changed_fields, state, created_at,
       updated_at)
    VALUES ($1, 'delivery_package.saved', 'delivery_package', $2, $3, $3 - 1, false,
      'operator', 'operator', $4, $5, '["artifacts"]', $6, $7, $5)`,
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

/** A loader of pages of the rows that have the same key: of all pages of a size by one statement. */
const pages = (name, key, itemKey) => ({
  loader: async (queries) => {
    const found = new Map();
    const bySize = Map.groupBy(queries, ({ params }) => params.first);
    await Promise.all([...bySize].map(async ([first, asking]) => {
      const keys = [...new Set(asking.map(({ obj }) => obj[key]))];
      found.set(first, Map.groupBy(await rows(name, [keys, first + 1]), (row) => row[key]));
    }));
    return queries.map(({ obj, params: { first } }) =>
      pageOf(found.get(first).get(obj[key]) ?? [], first, itemKey));
  },
  opts: { cache: false },
});

const cursorOf = (row, key) =>
  Buffer.from(JSON.stringify([row.createdAt, row[key]])).toString("base64url");

/** The page of so many of the rows that were found: one more when there is a next page. */
function pageOf(found, first, key, hasPreviousPage = false) {
  const nodes = found.slice(0, first);
  return {
    nodes,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage,
      startCursor: nodes.length ? cursorOf(nodes[0], key) : null,
      endCursor: nodes.length ? cursorOf(nodes.at(-1), key) : null,
    },
  };
}

async function packages(_, { first, after }) {
  const place = after ? JSON.parse(Buffer.from(after, "base64url").toString()) : null;
  const found = place
    ? await rows("pageAfter", [first + 1, ...place])
    : await rows("page", [first + 1]);
  return pageOf(found, first, "packageId", place !== null);
}

async function briefs(_, { first, filter }) {
  return pageOf(await rows("briefs", [filter.clientId.eq, first + 1]), first, "briefId");
}

/** The log has the columns and indexes of ours. Its events get no place in an order. */
const createLog = `CREATE TABLE IF NOT EXISTS mercurius_events (LIKE events INCLUDING ALL)`;

async function log(connection, saved, artifacts) {
  const { packageId, draftId, revision, createdAt, updatedAt } = saved;
  const state = JSON.stringify({
    packageId, draftId, artifacts: artifacts.map((each, position) => ({ position, ...each })),
  });
  const values = [randomUUID(), packageId, revision, randomUUID(), updatedAt, state, createdAt];
  await rows("log", values, connection);
}

async function save({ input }, isLogged) {
  const { packageId, draftId, artifacts } = input;
  const connection = await pool.connect();
  try {
    await connection.query("BEGIN");
    const [saved] = await rows("upsert", [packageId, draftId], connection);
    await rows("forget", [packageId], connection);
    const columns = ["name", "url", "format"].map((name) => artifacts.map((each) => each[name]));
    await rows("insert", [packageId, saved.updatedAt, ...columns], connection);
    if (isLogged) await log(connection, saved, artifacts);
    await connection.query("COMMIT");
    return { deliveryPackage: saved, errors: [] };
  } catch (error) {
    await connection.query("ROLLBACK");
    throw error;
  } finally {
    connection.release();
  }
}

/** What is wrong with a row: the same rules as ours, one after the other. */
function* violations({ packageId, draftId, artifacts, expectedRevision }) {
  const isKey = (key) =>
    key.length <= 200 && key.trim() === key && /^[^\x00-\x1f\x7f-\x9f]+$/.test(key);
  const isText = (text, most) => text.length <= most && text.trim() !== "" && !text.includes("\0");
  if (!isKey(packageId)) yield ["packageId"];
  if (!isKey(draftId)) yield ["draftId"];
  if (expectedRevision < 0) yield ["expectedRevision"];
  if (artifacts.length > 500) yield ["artifacts"];
  for (const [index, { name, url, format }] of artifacts.entries()) {
    if (!isText(name, 500)) yield ["artifacts", `${index}`, "name"];
    if (!isText(url, 2048) || !/^(https?|s3):\/\/[A-Za-z0-9.-]+(\/[!-~]*)?$/.test(url)) {
      yield ["artifacts", `${index}`, "url"];
    }
    if (!isText(format, 50)) yield ["artifacts", `${index}`, "format"];
  }
}

const refusal = (code, message, path) => ({ code, message, path });

async function saveMany({ input: { rows: given, errorPolicy } }) {
  const counts = new Map();
  for (const { packageId } of given) counts.set(packageId, (counts.get(packageId) ?? 0) + 1);
  const errors = given.map((row) => {
    const paths = [...violations(row)];
    if (counts.get(row.packageId) > 1) paths.push(["packageId"]);
    return paths.map((path) => refusal("VALIDATION", "breaks a rule", path));
  });
  const connection = await pool.connect();
  try {
    await connection.query("BEGIN");
    const keys = given.map(({ packageId }) => packageId);
    const stored = new Map(
      (await rows("lockMany", [keys], connection)).map((row) => [row.packageId, row.revision]),
    );
    given.forEach(({ packageId, expectedRevision }, index) => {
      const actual = stored.get(packageId) ?? 0;
      if (expectedRevision != null && expectedRevision !== actual) {
        errors[index].push(refusal("REVISION_CONFLICT", "another revision", ["expectedRevision"]));
      }
    });
    const isRejected = errorPolicy === "REJECT_EVERYTHING" && errors.some((each) => each.length);
    const left = isRejected ? [] : given.filter((_, index) => !errors[index].length);
    const saved = new Map();
    if (left.length) {
      const [json, leftKeys] = [JSON.stringify(left), left.map(({ packageId }) => packageId)];
      for (const row of await rows("upsertMany", [json], connection)) saved.set(row.packageId, row);
      await rows("forgetMany", [leftKeys], connection);
      await rows("insertMany", [json], connection);
      const events = left.map(({ packageId, draftId, artifacts }) => ({
        ...saved.get(packageId),
        eventId: randomUUID(),
        state: {
          packageId, draftId, artifacts: artifacts.map((each, position) => ({ position, ...each })),
        },
      }));
      await rows("logMany", [JSON.stringify(events), randomUUID()], connection);
    }
    await connection.query("COMMIT");
    return {
      count: saved.size,
      results: given.map(({ packageId }, index) => ({
        deliveryPackage: saved.get(packageId) ?? null, errors: errors[index],
      })),
      errors: isRejected ? [refusal("VALIDATION", "rows were refused", [])] : [],
    };
  } catch (error) {
    await connection.query("ROLLBACK");
    throw error;
  } finally {
    connection.release();
  }
}

if ((await pool.query("SELECT to_regclass('events') AS log")).rows[0].log) {
  await pool.query(createLog);
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
      deliveryPackages: packages,
      briefs,
    },
    DeliveryPackageConnection: { totalCount: async () => (await rows("count"))[0].number },
    Mutation: {
      saveDeliveryPackage: (_, given) => save(given, false),
      saveLoggedDeliveryPackage: (_, given) => save(given, true),
      saveDeliveryPackages: (_, given) => saveMany(given),
    },
  },
  loaders: {
    DeliveryPackage: {
      artifacts: many("artifacts", "packageId"),
      draft: one("drafts", "draftId"),
    },
    Brief: { strategyPlans: pages("plansOfBriefs", "briefId", "strategyId") },
    StrategyPlan: { drafts: pages("draftsOfPlans", "strategyId", "draftId") },
    Draft: { qcResult: one("results", "draftId") },
    QcResult: { issues: many("issues", "resultId") },
  },
});
app.get(COUNTS, () => counts);
console.log(`${await app.listen({ host: "127.0.0.1", port: 0 })}/graphql`);
