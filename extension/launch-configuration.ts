// Checks a launch configuration against the attributes that the manifest declares. The manifest is the one place that
// says which attributes there are; the debug adapter checks again what it is sent.

type TypeName = 'string' | 'boolean' | 'number' | 'integer' | 'array' | 'object';

/** The part of JSON Schema that the manifest uses for an attribute. */
export interface AttributeSchema extends Partial<LaunchSchema> {
  readonly type: TypeName | readonly TypeName[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly items?: AttributeSchema;
}

export interface LaunchSchema {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, AttributeSchema>>;
}

const article: Record<TypeName, string> = {
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
  integer: 'a whole number',
  array: 'a list',
  object: 'an object',
};

function hasType(value: unknown, type: TypeName): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function complaint(name: string, value: unknown, schema: AttributeSchema): string | undefined {
  const shown = JSON.stringify(value);
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (!types.some(type => hasType(value, type))) {
    return `\`${name}\` has to be ${types.map(type => article[type]).join(' or ')}, not ${shown}.`;
  }
  if (schema.enum && !schema.enum.includes(value)) {
    return `\`${name}\` has to be one of ${schema.enum.map(choice => JSON.stringify(choice)).join(', ')}, not ${shown}.`;
  }
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    if (value < minimum || value > maximum) {
      return `\`${name}\` has to be from ${minimum} to ${maximum}, not ${shown}.`;
    }
  }
  if (typeof value === 'string' && schema.pattern && !new RegExp(schema.pattern).test(value)) {
    return `\`${name}\` is ${shown}. ${schema.patternErrorMessage ?? `It has to match ${schema.pattern}.`}`;
  }
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    for (const [index, item] of value.entries()) {
      const found = complaint(`${name}[${index}]`, item, items);
      if (found) return found;
    }
  }
  if (schema.properties && hasType(value, 'object')) {
    const { required = [], properties } = schema;
    return missingOrWrong(value as Readonly<Record<string, unknown>>, { required, properties }, `${name}.`);
  }
  return undefined;
}

function missingOrWrong(
  object: Readonly<Record<string, unknown>>,
  { required, properties }: LaunchSchema,
  prefix: string,
): string | undefined {
  const missing = required.find(name => object[name] === undefined || object[name] === '');
  if (missing) return `\`${prefix}${missing}\` is missing.`;
  for (const [name, schema] of Object.entries(properties)) {
    const found = object[name] === undefined ? undefined : complaint(`${prefix}${name}`, object[name], schema);
    if (found) return found;
  }
  return undefined;
}

/** What is wrong with a launch configuration, in one sentence; undefined when nothing is. */
export function findMistake(
  configuration: Readonly<Record<string, unknown>>,
  schema: LaunchSchema,
): string | undefined {
  if (configuration['request'] !== 'launch') {
    return `\`request\` has to be "launch", not ${JSON.stringify(configuration['request'])}: Hyperstep starts the machine itself.`;
  }
  return missingOrWrong(configuration, schema, '');
}
