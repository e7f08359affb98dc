// As much of JSON Schema (draft 7) as values.schema.json uses. A word that is not known here is a fault of the schema.
const KNOWN = [
  "$schema",
  "title",
  "description",
  "type",
  "properties",
  "additionalProperties",
  "required",
  "items",
  "enum",
  "const",
  "pattern",
  "minimum",
  "maximum",
  "maxLength",
  "not",
];

const TYPES = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: (value) => Number.isInteger(value),
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** @returns {string[]} what is wrong with a value, each with its path */
export function schemaFaults(schema, value, path = "") {
  const at = path === "" ? "values" : path;
  const faults = Object.keys(schema)
    .filter((word) => !KNOWN.includes(word))
    .map((word) => `${at}: the schema uses ${word}`);
  if (schema.type !== undefined && !TYPES[schema.type]?.(value))
    return [...faults, `${at}: must be of type ${schema.type}`];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    faults.push(`${at}: must be one of ${schema.enum.join(", ")}`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    faults.push(`${at}: must match ${schema.pattern}`);
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    faults.push(`${at}: is longer than ${schema.maxLength}`);
  if (schema.minimum !== undefined && value < schema.minimum) faults.push(`${at}: is less than ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) faults.push(`${at}: is more than ${schema.maximum}`);
  if (schema.not?.const !== undefined && value === schema.not.const) faults.push(`${at}: must not be ${value}`);
  for (const name of schema.required ?? []) if (!(name in value)) faults.push(`${at}: lacks ${name}`);
  if (schema.items !== undefined)
    faults.push(...value.flatMap((item, index) => schemaFaults(schema.items, item, `${path}[${index}]`)));
  if (TYPES.object(value) && (schema.properties !== undefined || schema.additionalProperties !== undefined))
    for (const [key, item] of Object.entries(value)) {
      const of = schema.properties?.[key] ?? schema.additionalProperties;
      const name = path === "" ? key : `${path}.${key}`;
      if (of === false) faults.push(`${name}: is no value of this chart`);
      else if (typeof of === "object") faults.push(...schemaFaults(of, item, name));
    }
  return faults;
}
