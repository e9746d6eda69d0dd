import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema/schema.graphql',
  documents: '../operations/*.graphql',
  generates: {
    'src/gql/': { preset: 'client', presetConfig: { fragmentMasking: false } },
  },
  importExtension: '.ts',
  config: {
    scalars: {
      ID: 'string',
      ByteCount: 'number',
      DateTime: 'string',
      JSON: 'Record<string, unknown>',
      JSONValue: 'unknown',
      Scope: 'string',
    },
    strictScalars: true,
    useTypeImports: true,
  },
};

export default config;
