// PostGraphile on our tables: its own schema, and a function for the save.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";
import { COUNTS, count, counts } from "./counts.mjs";

const { DATABASE_URL, POOL_SIZE } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) });
await pool.query(await readFile(new URL("save_package.sql", import.meta.url), "utf8"));

// References between modules aren't foreign keys in the database; here they are edges.
const edges = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      delivery_packages: {
        tags: { foreignKey: "(draft_id) references production_drafts (draft_id)" },
      },
      qc_results: {
        tags: { foreignKey: "(draft_id) references production_drafts (draft_id)" },
      },
      strategy_plans: {
        tags: { foreignKey: "(brief_id) references onboarding_forms (brief_id)" },
      },
      production_drafts: {
        tags: { foreignKey: "(strategy_id) references strategy_plans (strategy_id)" },
      },
    },
  },
});

// Counts what it executes under the version that is installed.
const manifest = new URL("node_modules/postgraphile/package.json", import.meta.url);
const [major] = JSON.parse(await readFile(manifest, "utf8")).version.split(".");
const counting = {
  name: "counting",
  grafast: {
    middleware: {
      execute(next) {
        count(`operations that PostGraphile ${major} executed`);
        return next();
      },
    },
  },
};

const service = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [edges, counting],
  pgServices: [makePgService({ pool, schemas: ["public", "api"] })],
  schema: {
    defaultBehavior:
      "+list -connection +query:resource:connection +manyRelation:resource:connection",
  },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
});
const server = createServer();
await service.createServ(grafserv).addTo(server);
const [answer] = server.listeners("request");
server.removeAllListeners("request").on("request", (request, response) => {
  if (request.url === COUNTS) response.end(JSON.stringify(counts));
  else answer(request, response);
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/graphql`);
});
