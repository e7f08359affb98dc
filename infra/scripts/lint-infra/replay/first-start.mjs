// Plays infra/compose.yaml through as infra/README.md tells the first start, with the images that were built before and, in
// the place of PostgreSQL's image, this machine's PostgreSQL with the same settings.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { mountOf, readCompose, tmpfsOf } from "../compose-file.mjs";
import { Container, filesIn, makeVolume } from "./container.mjs";
import { startDatabase } from "./database.mjs";

/**
 * @param {object} init
 * @param {string} init.root the repository
 * @param {string} init.folder where the layers are
 * @param {Record<string, {layers: string[], image: any}>} init.images by the name of their service
 * @param {{enter: string[]}} init.network
 * @param {(ok: boolean, what: string, detail?: string) => void} init.check
 */
export async function playFirstStart({ root, folder, images, network, check }) {
  const data = join(folder, "site-data");
  await drawData(data);
  const compose = readCompose(join(root, "infra/compose.yaml"), { SITE_DATA: data });
  const secrets = join(folder, "secrets");
  const script = join(folder, "scripts/make-secrets.sh");
  mkdirSync(join(folder, "scripts"));
  execFileSync("cp", [join(root, "infra/scripts/make-secrets.sh"), script]);
  execFileSync("sh", [script], { stdio: ["ignore", 2, 2] });
  const volumes = {};
  const containers = [];
  const play = { compose, folder, secrets, images, network, volumes, containers };
  const database = startDatabase(compose.services.postgres, play);
  try {
    check(database.healthy(), "compose: postgres is healthy by its own check");
    await playStudyLeadAndSite(play, check);
  } finally {
    for (const container of containers) container.kill();
    database.stop();
  }
}

async function playStudyLeadAndSite(play, check) {
  const coordinator = containerOf(play, "coordinator").start();
  const up = await becomesHealthy(coordinator, play.compose.services.coordinator.healthcheck.test.slice(1));
  check(up, "compose: coordinator is healthy by its own check, with TLS and PostgreSQL", coordinator.output);
  if (!up) return;
  const ask = async (...words) => JSON.parse(need(await coordinator.exec("fedbaps-coordinator", ...words, "--json")));
  const { invite } = await ask("site", "invite", "st-mary");
  const site = async (...words) => {
    const container = containerOf(play, "site-agent", words, `run-${words[0]}`).start();
    const code = await container.ended;
    // Of doctor, 1 means that a check has failed.
    if (code !== 0 && !(words[0] === "doctor" && code === 1))
      throw new Error(`site-agent ${words.join(" ")} ended with ${code}: ${container.output}`);
    return container.output;
  };
  await site("init", "--site", "st-mary", "--data", "/images", "--blackbox", "bundled");
  await site("enroll", "--coordinator", "https://coordinator:8470", "--code", invite);
  const [{ words }] = (await ask("site", "list")).sites;
  await ask("site", "approve", "st-mary", "--words", words);
  // Reads the images, asks the black box once, and connects as the agent does. Some lines may warn, as of a new site's roster.
  const { checks } = JSON.parse(/\{.*\}/s.exec(await site("doctor", "--json"))[0]);
  const wanted = ["home", "coordinator", "certificate", "protocol", "admitted", "blackbox", "data"];
  const failed = wanted.filter((name) => checks.find((one) => one.name === name)?.state !== "ok");
  check(failed.length === 0, "compose: doctor is content in the agent's container", JSON.stringify(checks));

  const agent = containerOf(play, "site-agent").start();
  const healthy = await becomesHealthy(agent, play.compose.services["site-agent"].healthcheck.test.slice(1));
  check(healthy, "compose: site-agent is healthy by its own check", agent.output);
  const connected = await eventually(async () => (await ask("site", "list")).sites[0].connected);
  check(
    connected,
    "compose: the agent is connected to the coordinator, over TLS by the trial's authority",
    agent.output,
  );
  const written = await agent.exec(
    "sh",
    "-c",
    "touch /app/x /images/x /etc/x 2>&1; id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status",
  );
  const rights = /^10001\n.*CapEff:\s*0+\nCapBnd:\s*0+\nNoNewPrivs:\s*1$/ms;
  const refused = (written.stdout.match(/Read-only file system/g) ?? []).length;
  check(
    refused === 3 && rights.test(written.stdout),
    "compose: site-agent writes nowhere but in its volume",
    written.stdout,
  );

  for (const [container, service] of [
    [agent, "site-agent"],
    [coordinator, "coordinator"],
  ]) {
    const grace = Number.parseInt(play.compose.services[service].stop_grace_period, 10);
    const { code, seconds } = await container.stop("SIGTERM", grace);
    const told = `status ${code} after ${seconds.toFixed(1)} s`;
    check(
      [0, 143].includes(code) && seconds < grace,
      `compose: ${service} as process 1 stops when told to (${told})`,
      container.output,
    );
  }
  const open = ["coordinator", "site"].flatMap((name) =>
    filesIn(play.volumes[name]).filter((line) => !/^[4-7]00 /.test(line)),
  );
  const secret = /key|identity|token|\.json|database\//;
  check(
    open.filter((line) => secret.test(line)).length === 0,
    "compose: no key in a volume is readable by others",
    open.join("\n"),
  );
}

/** A service's container, as its entry says. */
function containerOf(play, service, command, suffix = "") {
  const { compose, folder, secrets, images, network, volumes, containers } = play;
  const entry = compose.services[service];
  const { layers, image } = images[service];
  const mounts = entry.volumes.map((volume) => {
    const { type, source, target, readOnly } = mountOf(volume);
    if (type === "bind") return { source, target, readOnly };
    volumes[source] ??= makeVolume(folder, source, image);
    return { source: volumes[source], target, readOnly };
  });
  for (const name of entry.secrets ?? []) {
    const file = compose.secrets[name].file.replace(/^\.\/secrets/, secrets);
    mounts.push({ source: file, target: `/run/secrets/${name}`, readOnly: true });
  }
  const container = new Container({
    name: `c-${service}${suffix === "" ? "" : `-${suffix}`}-${containers.length}`,
    folder,
    layers,
    image,
    command: command ?? entry.command ?? image.command,
    environment: entry.environment ?? {},
    mounts,
    tmpfs: (entry.tmpfs ?? []).map(tmpfsOf),
    groups: (entry.group_add ?? []).map(Number),
    hosts: Object.keys(compose.services),
    network,
  });
  containers.push(container);
  return container;
}

/** Asks the service's health check until it says yes. */
function becomesHealthy(container, command) {
  return eventually(async () => (await container.exec(...command)).code === 0, container);
}

async function eventually(question, container) {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (container !== undefined && container.process.exitCode !== null) return false;
    if (await question().catch(() => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return false;
}

function need({ code, stdout, stderr }) {
  if (code !== 0) throw new Error(`a command ended with ${code}: ${stderr}`);
  return stdout;
}

/** Twelve grey pictures with a square on each. */
async function drawData(folder) {
  const size = 64;
  for (const part of ["images", "masks"]) mkdirSync(join(folder, part), { recursive: true });
  for (let index = 0; index < 12; index++) {
    const square = (x, y) => x > 10 + index && x < 40 && y > 12 && y < 44;
    const draw = (inside, outside) =>
      Buffer.from({ length: size * size }, (_, at) => (square(at % size, Math.floor(at / size)) ? inside : outside));
    const raw = { width: size, height: size, channels: 1 };
    await sharp(draw(200, 60 + index), { raw })
      .png()
      .toFile(join(folder, "images", `${index}.png`));
    await sharp(draw(255, 0), { raw })
      .png()
      .toFile(join(folder, "masks", `${index}.png`));
  }
}
