// Loads a schema from an address as GraphQL Code Generator does, and tells what it has.
import { loadSchema } from "@graphql-tools/load";
import { UrlLoader } from "@graphql-tools/url-loader";

const schema = await loadSchema(process.argv[2], { loaders: [new UrlLoader()] });
console.log(JSON.stringify({ description: schema.description, types: Object.keys(schema.getTypeMap()) }));
