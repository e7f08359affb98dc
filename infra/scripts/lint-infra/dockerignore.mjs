// Which files a builder gets: `.dockerignore` as https://docs.docker.com/build/concepts/context/#dockerignore-files says.
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} text of a .dockerignore
 * @returns {(path: string) => boolean} whether a file, named from the context's root with `/`, stays out
 */
export function ignores(text) {
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const keeps = line.startsWith("!");
      const pattern = (keeps ? line.slice(1) : line).replace(/^\.?\/+/, "").replace(/\/+$/, "");
      return { keeps, expression: expressionOf(pattern) };
    });
  // The last rule that fits decides; one that fits a folder fits what is in it.
  return (path) => rules.reduce((out, { keeps, expression }) => (expression.test(path) ? !keeps : out), false);
}

function expressionOf(pattern) {
  const parts = pattern.split("/").map((part) => {
    if (part === "**") return "**";
    return part
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replace(/\*+/g, "[^/]*")
      .replace(/\?/g, "[^/]");
  });
  let source = "^";
  parts.forEach((part, index) => {
    const last = index === parts.length - 1;
    if (part === "**") source += last ? ".*" : "(?:[^/]+/)*";
    else source += part + (last ? "" : "/");
  });
  return new RegExp(`${source}(?:/.*)?$`);
}

/** The files below `root` that a builder gets. @returns {string[]} from the root, sorted */
export function contextFiles(root, ignored) {
  const found = [];
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        // Never part of a context here, and large.
        if (entry.name !== "node_modules" && entry.name !== ".git") visit(path);
      } else if (!ignored(path)) found.push(path);
    }
  };
  visit("");
  return found.sort();
}
