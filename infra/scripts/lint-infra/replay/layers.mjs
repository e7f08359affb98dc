// Builds the images of Dockerfiles without a container engine: every instruction is carried out in order, in a root folder
// of its own (an overlay over this machine's, which stands for the base image; so it has to be Debian 12 with Node 20, as
// that is). As in an engine, equal beginnings are built once.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settings } from "../dockerfile-stages.mjs";
import { contextFiles, ignores } from "../dockerignore.mjs";

/** Folders of this machine that no base image has. What they hold is hidden. */
const HIDDEN = ["home", "media", "mnt", "old_root", "farm", "srv", "tmp", "work"];

/** Shell lines that mount layers on `$1`: with a folder to write in, or without, read-only. */
export const MOUNT = `
mount_layers() { # TARGET LOWER [UPPER WORK]
  options="lowerdir=$2"
  if [ $# -gt 2 ]; then options="$options,upperdir=$3,workdir=$4"; fi
  mount -t overlay overlay -o "$options" "$1"
  for hidden in ${HIDDEN.join(" ")}; do
    if [ -d "$1/$hidden" ]; then mount -t tmpfs -o mode=1777 tmpfs "$1/$hidden"; fi
  done
  mount --rbind /dev "$1/dev"
}
`;

export class Builder {
  #built = new Map();

  /** @param {string} root of the repository @param {string} folder an empty one @param {(line: string) => void} say */
  constructor(root, folder, ignoreText, say) {
    this.folder = folder;
    this.say = say;
    this.context = join(folder, "context");
    for (const file of contextFiles(root, ignores(ignoreText))) {
      mkdirSync(dirname(join(this.context, file)), { recursive: true });
      cpSync(join(root, file), join(this.context, file));
    }
  }

  /** @param {import("../dockerfile-stages.mjs").Stage[]} stages @returns {string[]} the last stage's layers, newest first */
  build(stages) {
    const layersOf = {};
    for (const stage of stages) {
      let layers = layersOf[stage.base] ?? [];
      for (const step of stepsOf(stages, stage)) layers = [this.#layer(layers, step, layersOf), ...layers];
      layersOf[stage.name ?? ""] = layers;
    }
    return layersOf[stages.at(-1).name ?? ""];
  }

  #layer(below, step, layersOf) {
    const copied = step.copies.map((copy) => (copy.from === undefined ? "" : (layersOf[copy.from] ?? []).join()));
    const key = JSON.stringify([below, step, copied]);
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    const name = `l${createHash("sha256").update(key).digest("hex").slice(0, 8)}`;
    for (const part of ["upper", "work", "root"]) mkdirSync(join(this.folder, name, part), { recursive: true });
    const script = join(this.folder, name, "script.sh");
    writeFileSync(script, `${MOUNT}\n${scriptOf(name, below, step, layersOf)}`);
    const started = performance.now();
    execFileSync("unshare", ["--mount", "--propagation", "private", "bash", "-eu", script], {
      cwd: this.folder,
      // The builder's own words go where progress goes.
      stdio: ["ignore", 2, 2],
    });
    this.say(`${step.title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    this.#built.set(key, name);
    return name;
  }
}

/** Which folders stand below a root, as the option of an overlay. Relative, as the option may not be long. */
export function lowerOf(layers) {
  return [...layers.map((name) => `${name}/upper`), "/"].join(":");
}

/** A stage in steps: the copies up to a command, and that command. */
function stepsOf(stages, stage) {
  const inherited = stages.find(({ name }) => name === stage.base);
  const state = { workdir: "/", env: {}, ...inherited?.state };
  const steps = [];
  let copies = [];
  const flush = (run, title) => {
    if (run !== undefined || copies.length > 0) steps.push({ copies, run, title, ...structuredClone(state) });
    copies = [];
  };
  for (const instruction of stage.instructions) {
    const { keyword, words, text, flags } = instruction;
    if (keyword === "WORKDIR") state.workdir = text;
    else if (keyword === "ENV") state.env = { ...state.env, ...settings(instruction) };
    else if (keyword === "COPY")
      copies.push({ from: flags.from, sources: words.slice(0, -1), target: words.at(-1), workdir: state.workdir });
    else if (keyword === "RUN") flush(text, `RUN ${text.replace(/\s*\\\n\s*/g, " ").slice(0, 90)}`);
  }
  flush(undefined, `${stage.name ?? "the image"}: ${copies.length} COPY`);
  stage.state = state;
  return steps;
}

function scriptOf(name, below, { copies, run, workdir, env }, layersOf) {
  const lines = [`mount_layers ${name}/root ${lowerOf(below)} ${name}/upper ${name}/work`];
  const root = `${name}/root`;
  for (const from of new Set(copies.flatMap((copy) => (copy.from === undefined ? [] : [copy.from])))) {
    if (layersOf[from] === undefined) throw new Error(`COPY --from=${from}: there is no such stage`);
    lines.push(`mkdir -p ${name}/from-${from}`, `mount_layers ${name}/from-${from} ${lowerOf(layersOf[from])}`);
  }
  for (const { from, sources, target, workdir: folder } of copies) {
    const to = `${root}${target.startsWith("/") ? target : `${folder}/${target.replace(/^\.\//, "")}`}`;
    for (const source of sources) {
      const path = from === undefined ? `context/${source}` : `${name}/from-${from}${source}`;
      const asFolder = target.endsWith("/") || sources.length > 1;
      lines.push(
        `if [ -d ${quote(path)} ]; then mkdir -p ${quote(to)}; cp -a ${quote(`${path}/.`)} ${quote(to)}`,
        `else mkdir -p ${quote(asFolder ? to : dirname(to))}; cp -a ${quote(path)} ${quote(to)}; fi`,
      );
    }
  }
  if (run !== undefined) {
    const all = { PATH: process.env.PATH, HOME: "/root", ...proxies(), ...env };
    const given = Object.entries(all).map(([key, value]) => quote(`${key}=${value}`));
    lines.push(
      `mkdir -p ${root}${workdir} && mount --rbind /proc ${root}/proc`,
      `exec env -i ${given.join(" ")} chroot ${root} sh -c ${quote(`cd ${workdir} && ${run}`)}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The build arguments that an engine hands over by itself. */
function proxies() {
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
  return Object.fromEntries(names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
}

/** For a shell. */
export function quote(text) {
  return `'${String(text).replaceAll("'", "'\\''")}'`;
}

/** Whether this machine can stand for the base image. @returns {string | undefined} why not */
export function whyNoReplay() {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid() !== 0) return "it needs root, to mount folders";
  if (!process.version.startsWith("v20.")) return `it needs Node 20 as the base image has, not ${process.version}`;
  if (!existsSync("/etc/debian_version")) return "it needs Debian, as the base image is";
  try {
    execFileSync("unshare", ["--mount", "--pid", "--net", "--fork", "true"], { stdio: "ignore" });
  } catch {
    return "this machine lets nobody make namespaces";
  }
  for (const program of ["ip", "nsenter", "setpriv"])
    if (spawnSync(program, ["--version"]).error) return `it needs ${program} (Debian's iproute2 and util-linux)`;
  return undefined;
}
