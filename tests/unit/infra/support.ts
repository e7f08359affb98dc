import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

export interface Check {
  readonly rule: string;
  readonly file: string;
  readonly ok: boolean;
  readonly message: string;
}

/** A module of the linter. They are plain JavaScript, as they run before anything is compiled. */
// biome-ignore lint/suspicious/noExplicitAny: modules without types
export function linterModule(name: string): Promise<any> {
  return import(`${root}/infra/scripts/lint-infra/${name}.mjs`);
}

/** The names of the rules that are broken, each once. */
export function broken(checks: readonly Check[]): string[] {
  return [...new Set(checks.filter(({ ok }) => !ok).map(({ rule }) => rule))].sort();
}

/** Replaces text that must be there: a case that changes nothing would test nothing. */
export function replaced(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`nothing to replace: ${from}`);
  return changed;
}
