// Runs an image that `layers.mjs` built as an engine would run it: its own processes, mounts and name, a root that cannot be
// written, no capabilities, no way to more rights, a user of no importance. What an engine has more is missing: limits of
// memory and processors, seccomp, a network of bridges (all share one loopback that leads nowhere).
import { execFile, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lowerOf, MOUNT, quote } from "./layers.mjs";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A network of its own that has nothing but a loopback. */
export async function isolatedNetwork() {
  const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep 3600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    holder.stdout.once("data", resolve);
    holder.once("exit", () => reject(new Error("no network could be made; is Debian's iproute2 installed?")));
  });
  return { enter: ["nsenter", `--net=/proc/${holder.pid}/ns/net`], close: () => holder.kill("SIGKILL") };
}

/**
 * @typedef {object} ContainerInit
 * @property {string} name
 * @property {string} folder where the layers are
 * @property {string[]} layers newest first
 * @property {ReturnType<import("../dockerfile-stages.mjs").runtimeOf>} image
 * @property {string[]} command in the place of the image's
 * @property {Record<string, string>} environment
 * @property {{source: string, target: string, readOnly: boolean}[]} mounts folders or files of this machine
 * @property {{target: string, options: string}[]} tmpfs
 * @property {number[]} groups
 * @property {string[]} hosts names of 127.0.0.1
 * @property {{enter: string[]}} network
 */

export class Container {
  /** @param {ContainerInit} init */
  constructor(init) {
    const { name, folder, layers, image, hosts, mounts, tmpfs } = init;
    this.init = init;
    for (const part of ["upper", "work", "root"]) mkdirSync(join(folder, name, part), { recursive: true });
    const etc = join(folder, name, "hosts");
    writeFileSync(etc, `127.0.0.1 localhost ${name} ${hosts.join(" ")}\n`);
    const root = `${name}/root`;
    const bind = ({ source, target, readOnly }) =>
      `bind_mount ${quote(source)} ${quote(root + target)} ${readOnly ? "ro" : "rw"}`;
    const script = [
      MOUNT,
      `bind_mount() {
  if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "$(dirname "$2")"; touch "$2"; fi
  mount --bind "$1" "$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro "$2"; fi
}`,
      `mount_layers ${root} ${lowerOf(layers)} ${name}/upper ${name}/work`,
      `hostname ${name}`,
      `mount -t proc proc ${root}/proc`,
      ...tmpfs.map(({ target, options }) => {
        const given = options === "" ? "" : `,${options}`;
        return `mkdir -p ${root}${target}; mount -t tmpfs -o nosuid,nodev,noexec${given} tmpfs ${root}${target}`;
      }),
      ...[{ source: etc, target: "/etc/hosts", readOnly: true }, ...mounts].map(bind),
      `mount -o remount,ro ${root}`,
      `exec chroot ${root} ${this.#asUser([...image.entrypoint, ...init.command])
        .map(quote)
        .join(" ")}`,
    ];
    this.script = join(folder, name, "run.sh");
    writeFileSync(this.script, `${script.join("\n")}\n`);
  }

  /** The command as the image's user, with the given environment and nothing else. */
  #asUser(command) {
    const { image, environment, groups } = this.init;
    const [user, group] = image.user.split(":");
    const env = { PATH, HOSTNAME: this.init.name, ...image.env, ...environment };
    return [
      "setpriv",
      `--reuid=${user}`,
      `--regid=${group}`,
      groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`,
      "--no-new-privs",
      "--bounding-set=-all",
      "--inh-caps=-all",
      "env",
      "-i",
      `--chdir=${image.workdir}`,
      ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
      ...command,
    ];
  }

  /** Starts it, with the program as its first process. */
  start() {
    const { network, folder } = this.init;
    const [program, ...prefix] = network.enter;
    const unshare = [
      "unshare",
      "--mount",
      "--pid",
      "--uts",
      "--ipc",
      "--fork",
      "--kill-child",
      "--propagation",
      "private",
    ];
    this.process = spawn(program, [...prefix, ...unshare, "bash", "-eu", this.script], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.output = "";
    for (const stream of [this.process.stdout, this.process.stderr])
      stream.on("data", (data) => {
        this.output += data;
      });
    this.ended = new Promise((resolve) => this.process.once("close", (code, signal) => resolve(code ?? signal)));
    return this;
  }

  /** Its first process, as this machine counts. */
  get pid() {
    const parent = this.process.pid;
    // nsenter becomes unshare, whose only child it is.
    return Number(readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ")[0]);
  }

  /** `docker exec`: another process in it. @returns {Promise<{code: number, stdout: string, stderr: string}>} */
  exec(...command) {
    const inside = ["--target", String(this.pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--root"];
    return new Promise((resolve) =>
      execFile("nsenter", [...inside, ...this.#asUser(command)], { timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code ?? -1), stdout, stderr }),
      ),
    );
  }

  /** Ends it at once, where it runs. Its first process has other rights than its parent and does not die with it. */
  kill() {
    try {
      if (this.pid > 0) process.kill(this.pid, "SIGKILL");
    } catch {
      // It was never started, or has ended.
    }
  }

  /** `docker stop`. @returns {Promise<{code: number | string, seconds: number}>} the exit status, and after how long */
  async stop(signal = "SIGTERM", graceSeconds = 10) {
    const started = performance.now();
    process.kill(this.pid, signal);
    const late = setTimeout(() => this.kill(), graceSeconds * 1000);
    const code = await this.ended;
    clearTimeout(late);
    return { code, seconds: (performance.now() - started) / 1000 };
  }
}

/** A named volume: empty, and owned as the image's folder is. */
export function makeVolume(folder, name, image) {
  const path = join(folder, `volume-${name}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const [user, group] = image.user.split(":").map(Number);
  chownSync(path, user, group);
  return path;
}

/** The files below a folder that a user of no importance made, for looking at what was written where. */
export function filesIn(folder) {
  return execFileSync("find", [folder, "-type", "f", "-printf", "%m %P\n"], { encoding: "utf8" }).trim().split("\n");
}
