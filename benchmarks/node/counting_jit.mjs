// Counts the operations that code made by graphql-jit executes. To be imported before mercurius,
// which asks for the compiler when it is loaded.
import { createRequire } from "node:module";
import { count } from "./counts.mjs";

const require = createRequire(import.meta.url);
const jit = require("graphql-jit");

function compileQuery(...given) {
  const compiled = jit.compileQuery(...given);
  if (!jit.isCompiledQuery(compiled)) return compiled;
  const query = (...operation) => {
    count("operations that graphql-jit executed");
    return compiled.query(...operation);
  };
  return { ...compiled, query };
}

require.cache[require.resolve("graphql-jit")].exports = { ...jit, compileQuery };
