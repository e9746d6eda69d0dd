/** How this client reaches the server: fetch for queries and mutations, a WebSocket to follow. */

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { GraphQLClient } from 'graphql-request';
import { createClient, type Client } from 'graphql-ws';

export class Api {
  readonly #http: GraphQLClient;
  readonly #socket: Client;

  /** `url` is the server's one address, such as `http://localhost:8000/graphql`. */
  constructor(url: string) {
    this.#http = new GraphQLClient(url);
    // Opened when something is followed, closed when nothing is, opened anew when it breaks.
    this.#socket = createClient({ url: url.replace(/^http/, 'ws') });
  }

  /** Throws when the request is at fault or the server is; what is expected is in the result. */
  run<Result, Variables extends object>(
    operation: TypedDocumentNode<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    return this.#http.request<Result>(operation, variables);
  }

  /** The results of a subscription, until the caller leaves the loop. */
  async *follow<Result, Variables extends Record<string, unknown>>(
    subscription: TypedDocumentNode<Result, Variables>,
    variables: Variables,
  ): AsyncGenerator<Result, void, void> {
    const query = print(subscription);
    for await (const { data, errors } of this.#socket.iterate<Result>({ query, variables })) {
      if (errors) throw new AggregateError(errors, errors[0]?.message);
      if (data) yield data;
    }
  }

  async close(): Promise<void> {
    await this.#socket.dispose();
  }
}
