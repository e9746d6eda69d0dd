/* Starts GraphiQL on this server: with our tabs, and its own corner of the browser's storage. */
"use strict";

const assets = document.currentScript.src;

function element(type, props, ...children) {
  return React.createElement(type, props, ...children);
}

/* All GraphiQLs of an origin share "graphiql:…", and localhost:8000 has seen many of them. */
function ownStorage() {
  const storage = GraphiQL.createLocalStorage({ namespace: "aicmo" });
  const split = "graphiql:secondaryEditorFlex";
  if (storage.getItem(split) === null) storage.setItem(split, "1.5"); // more room for variables
  return storage;
}

async function firstTabs() {
  const response = await fetch(new URL("tabs.json", assets));
  if (!response.ok) throw new Error(`tabs.json is answered with ${response.status}`);
  return response.json();
}

function ownFetcher() {
  const endpoint = new URL(location.pathname, location.href);
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
  const send = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
  return (params, options) => send(...asWritten(params, options));
}

/* The operation of a link, by the parameters that GET takes. It gets a tab, and is run by hand. */
function linkedOperation() {
  const given = new URLSearchParams(location.search);
  const query = given.get("query");
  if (!query) return null;
  const variables = indented(given.get("variables") ?? "");
  return { query, variables, operationName: given.get("operationName") };
}

function indented(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json; // the editor marks what is wrong with it
  }
}

/* The tab of a link may stand behind many others. */
function showOpenTab() {
  const tab = document.querySelector('[role="tab"][aria-selected="true"]');
  tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/* Of several operations Ctrl-Enter runs the one at the cursor. */
function pointAt({ query, operationName }) {
  const { parse, getOperationAST } = GraphiQL.GraphQL;
  let operation;
  try {
    operation = getOperationAST(parse(query), operationName);
  } catch {
    return; // the editor marks what is wrong with it
  }
  if (!operation) return;
  const editor = document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror;
  editor.focus();
  editor.setCursor(editor.posFromIndex(operation.loc.start));
}

/* GraphiQL reads a document a moment after it was typed. Until then the operation that it names,
   and the document by which it tells subscriptions from others, are those of the text before. */
function asWritten({ operationName, ...params }, options) {
  const { parse, getOperationAST } = GraphiQL.GraphQL;
  let documentAST;
  try {
    documentAST = parse(params.query);
  } catch {
    return [params, options]; // the server says what is wrong with it
  }
  const operation = getOperationAST(documentAST, operationName) ?? getOperationAST(documentAST);
  return [{ ...params, operationName: operation?.name?.value }, { ...options, documentAST }];
}

/* GraphiQL marks an object in the variables where a scalar is due, but our JSON is just that. */
let allowObjectsAsJson = () => {
  allowObjectsAsJson = () => {};
  const checks = document.querySelector(".CodeMirror").CodeMirror.constructor.lint;
  const check = checks["graphql-variables"];
  checks["graphql-variables"] = (...editor) =>
    check(...editor).filter(({ message }) => message !== 'Expected value of type "JSON".');
};

function logo() {
  const mark = { src: new URL("favicon.svg", assets).href, width: 22, height: 22, alt: "" };
  return element(
    GraphiQL.Logo,
    null,
    element("span", { className: "aicmo-logo" }, element("img", mark), "AICMO"),
  );
}

async function start() {
  const tabs = await firstTabs();
  let link = linkedOperation();
  const props = {
    fetcher: ownFetcher(),
    storage: ownStorage(),
    defaultTabs: link ? [link, ...tabs] : tabs,
    query: link?.query,
    variables: link?.variables,
    defaultEditorToolsVisibility: true,
    isHeadersEditorEnabled: true,
    inputValueDeprecation: true,
    schemaDescription: true,
    onSchemaChange: () => {
      allowObjectsAsJson();
      if (link) showOpenTab();
      if (link?.operationName) pointAt(link);
      link = null;
    },
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
  };
  ReactDOM.createRoot(document.getElementById("graphiql")).render(element(GraphiQL, props, logo()));
  if (link) history.replaceState(null, "", location.pathname); // a reload keeps its tab as it is then
}

start().catch((error) => {
  document.getElementById("aicmo-state").textContent =
    `The workbench could not start (${error.message}). Reloading the page may help.`;
});
