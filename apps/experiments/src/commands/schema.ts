import { recordFileSchema } from '@weightmap/records';
import { Argument, Command } from 'commander';
import { z } from 'zod';
import { runConfigSchema } from '../plan/run-options.js';
import { print } from '../terminal/output.js';

const schemas = {
  config: { schema: runConfigSchema, title: 'weightmap run --config' },
  record: { schema: recordFileSchema, title: 'record.json of a finished cell' },
};

export function schemaCommand(): Command {
  return new Command('schema')
    .addArgument(
      new Argument('[name]', 'config: configuration files; record: record.json')
        .choices(Object.keys(schemas))
        .default('config'),
    )
    .addHelpText(
      'after',
      `
To have an editor complete and check a configuration file, name the schema in its first line:
  { "$schema": "./weightmap.schema.json", … }, or in YAML  # yaml-language-server: $schema=weightmap.schema.json

Examples:
  weightmap schema > weightmap.schema.json
  weightmap schema record`,
    )
    .action((name: keyof typeof schemas) => print(jsonSchema(name)));
}

/** A schema as JSON Schema, draft 2020-12. */
export function jsonSchema(name: keyof typeof schemas): string {
  const { schema, title } = schemas[name];
  return JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, null, 2);
}
