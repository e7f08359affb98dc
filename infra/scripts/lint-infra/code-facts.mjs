// What the deployment files have to agree with, read from the programs' source.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Set by the platform or read by Node itself: https://nodejs.org/docs/latest-v20.x/api/cli.html#environment-variables */
const PLATFORM = ["HOME", "NODE_ENV", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "TZ"];

/** @param {string} root the repository */
export function codeFacts(root) {
  const read = (file) => readFileSync(join(root, file), "utf8");
  const config = read("apps/coordinator/src/config.ts");
  const sources = ["apps/coordinator/src", "apps/site-agent/src", "packages/core/src"]
    .flatMap((folder) => sourceFiles(join(root, folder)))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const named = [...sources.matchAll(/\b(?:env|environment)\??\.([A-Z][A-Z0-9_]+)\b/g)].map(([, name]) => name);
  // Names in quotes: variables that are looked up in lists, as those of proxies are.
  const quoted = [...sources.matchAll(/"((?:FEDBAPS|ALL|HTTPS?|NO|ORT|SSL|ONNXRUNTIME|OIP)_[A-Z0-9_]+)"/g)];
  const routes = [...sources.matchAll(/router\.get\("(\/[\w/]*)"/g)].map(([, path]) => path);
  const { version, workspaces } = JSON.parse(read("package.json"));
  return {
    version,
    workspaces,
    port: Number(/DEFAULT_PORT = (\d+)/.exec(config)?.[1]),
    programVersion: /VERSION = "([^"]+)"/.exec(config)?.[1],
    environment: new Set([...PLATFORM, "ONNXRUNTIME_NODE_INSTALL", ...named, ...quoted.map(([, name]) => name)]),
    routes: new Set(routes),
    flags: {
      serve: flagsIn(read("apps/coordinator/src/commands/serve.ts")),
      run: flagsIn(read("apps/site-agent/src/commands/run.ts")),
    },
    root,
  };
}

function flagsIn(text) {
  return new Set([...text.matchAll(/\.(?:option|requiredOption)\(\s*"(--[a-z-]+)/g)].map(([, flag]) => flag));
}

function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map(({ parentPath, name }) => join(parentPath, name));
}

const IMPORTS = /^(?:import|export)\s+(type\s)?[^"';]*?\sfrom\s+"([^"]+)"|\bimport\(\s*"([^"]+)"|^import\s+"([^"]+)"/gm;

/**
 * The packages that a program imports, directly or by way of core, without what those import themselves.
 * @param {string} root @param {string} entry as `apps/coordinator/src/main.ts` @returns {Set<string>}
 */
export function importedPackages(root, entry) {
  const seen = new Set();
  const packages = new Set();
  const visit = (file) => {
    const source = file.replace(/\.js$/, ".ts");
    if (seen.has(source) || !existsSync(source)) return;
    seen.add(source);
    const text = readFileSync(source, "utf8");
    for (const [, types, from, dynamic, effect] of text.matchAll(IMPORTS)) {
      const name = from ?? dynamic ?? effect;
      // Types are gone when the program runs.
      if (types === undefined) follow(source, name);
    }
  };
  const follow = (from, name) => {
    if (name.startsWith("node:")) return;
    if (name.startsWith(".")) return visit(resolve(dirname(from), name));
    const core = /^@fedbaps\/core\/(.*)$/.exec(name);
    if (core !== null) return visit(join(root, "packages/core/src", core[1]));
    packages.add(
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  };
  visit(join(root, entry));
  return packages;
}

/** Flags of a command line that the program does not know. @param {string[]} words @param {Set<string>} known */
export function unknownFlags(words, known) {
  return words
    .filter((word) => word.startsWith("--"))
    .map((word) => word.split("=")[0])
    .filter((flag) => !known.has(flag));
}

/** The value of `--name=value` or `--name value`. */
export function flagValue(words, flag) {
  const joined = words.find((word) => word.startsWith(`${flag}=`));
  if (joined !== undefined) return joined.slice(flag.length + 1);
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words[at + 1];
}

/** Whether an image's name says what it is: a tag with a version, or a digest. */
export function isPinned(image) {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = /:([\w.-]+)$/.exec(image)?.[1];
  return tag !== undefined && /\d/.test(tag) && !tag.startsWith("latest");
}
