// Checks a launch configuration against the attributes that the manifest declares. The manifest is the one place that
// says which attributes there are; the debug adapter checks again what it is sent.

/** Translates a sentence with {0}, {1}... for the arguments, as vscode.l10n.t does. */
export type Translate = (message: string, ...args: string[]) => string;

const inEnglish: Translate = (message, ...args) => message.replace(/{(\d+)}/g, (_, index) => args[Number(index)]);

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

/** A schema whose texts, %keys% of package.nls.json, are those of the same schema as VS Code has translated it. */
export function withTexts<T>(schema: T, translated: T | undefined): T {
  if (typeof schema === 'string') return (/^%.+%$/.test(schema) && translated) || schema;
  if (typeof schema !== 'object' || schema === null) return schema;
  const other = translated as Record<string, unknown> | undefined;
  if (Array.isArray(schema)) return schema.map((item, index) => withTexts(item, other?.[index])) as T;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, withTexts(value, other?.[name])]),
  ) as T;
}

function nameOf(type: TypeName, t: Translate): string {
  switch (type) {
    case 'string':
      return t('a string');
    case 'boolean':
      return t('true or false');
    case 'number':
      return t('a number');
    case 'integer':
      return t('a whole number');
    case 'array':
      return t('a list');
    case 'object':
      return t('an object');
  }
}

function hasType(value: unknown, type: TypeName): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function complaint(name: string, value: unknown, schema: AttributeSchema, t: Translate): string | undefined {
  const shown = JSON.stringify(value);
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (!types.some(type => hasType(value, type))) {
    return t('`{0}` has to be {1}, not {2}.', name, types.map(type => nameOf(type, t)).join(t(' or ')), shown);
  }
  if (schema.enum && !schema.enum.includes(value)) {
    const choices = schema.enum.map(choice => JSON.stringify(choice)).join(', ');
    return t('`{0}` has to be one of {1}, not {2}.', name, choices, shown);
  }
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    if (value < minimum || value > maximum) {
      return t('`{0}` has to be from {1} to {2}, not {3}.', name, String(minimum), String(maximum), shown);
    }
  }
  if (typeof value === 'string' && schema.pattern && !new RegExp(schema.pattern).test(value)) {
    const hint = schema.patternErrorMessage ?? t('It has to match {0}.', schema.pattern);
    return t('`{0}` is {1}. {2}', name, shown, hint);
  }
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    for (const [index, item] of value.entries()) {
      const found = complaint(`${name}[${index}]`, item, items, t);
      if (found) return found;
    }
  }
  if (schema.properties && hasType(value, 'object')) {
    const { required = [], properties } = schema;
    return missingOrWrong(value as Readonly<Record<string, unknown>>, { required, properties }, `${name}.`, t);
  }
  return undefined;
}

function missingOrWrong(
  object: Readonly<Record<string, unknown>>,
  { required, properties }: LaunchSchema,
  prefix: string,
  t: Translate,
): string | undefined {
  const missing = required.find(name => object[name] === undefined || object[name] === '');
  if (missing) return t('`{0}` is missing.', prefix + missing);
  for (const [name, schema] of Object.entries(properties)) {
    const found = object[name] === undefined ? undefined : complaint(`${prefix}${name}`, object[name], schema, t);
    if (found) return found;
  }
  return undefined;
}

/** What is wrong with a launch configuration, in one sentence; undefined when nothing is. */
export function findMistake(
  configuration: Readonly<Record<string, unknown>>,
  schema: LaunchSchema,
  t: Translate = inEnglish,
): string | undefined {
  if (configuration['request'] !== 'launch') {
    const shown = JSON.stringify(configuration['request']);
    return t('`request` has to be "launch", not {0}: Hyperstep starts the machine itself.', shown);
  }
  return missingOrWrong(configuration, schema, '', t);
}
