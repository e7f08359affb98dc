// Rules for single files of any kind, and the outside tools that look at them where they are installed.
import { spawnSync } from "node:child_process";
import { parseAllDocuments } from "yaml";
import { Checks } from "./checks.mjs";

export function checkYaml({ file, text }) {
  const checks = new Checks(file);
  const documents = parseAllDocuments(text, { uniqueKeys: true, merge: true });
  const faults = documents.flatMap(({ errors, warnings }) =>
    [...errors, ...warnings].map(({ message }) => message.split("\n")[0]),
  );
  checks.none("yaml/valid", faults, "not YAML");
  const lines = text.split("\n").flatMap((line, index) => (/\t|[ \r]$/.test(line) ? [`line ${index + 1}`] : []));
  checks.none("yaml/blanks", lines, "tabs, or blanks at the end of a line");
  return checks.all;
}

export function checkShell({ file, text, executable }) {
  const checks = new Checks(file);
  checks.check(
    "shell/strict",
    /^#!(\/bin\/sh|\/usr\/bin\/env bash)\n/.test(text) && /^set -eu/m.test(text),
    "begin with #!/bin/sh or #!/usr/bin/env bash, and set -eu",
  );
  checks.check("shell/executable", executable, "chmod +x");
  return checks.all;
}

/**
 * Another program's opinion.
 * @param {string[]} command @param {{rule: string, file: string, cwd: string, own?: RegExp}} init `own`: the lines that count
 * @returns {import("./checks.mjs").Check[] | undefined} undefined where the program is not installed
 */
export function checkByTool([program, ...argv], { rule, file, cwd, own = /\S/ }) {
  const { error, status, stdout, stderr } = spawnSync(program, argv, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined) return undefined;
  const checks = new Checks(file);
  const said = `${stdout}${stderr}`.split("\n").filter((line) => own.test(line));
  checks.check(rule, status === 0, `${program}: ${said.slice(0, 5).join("; ")}`);
  return checks.all;
}
