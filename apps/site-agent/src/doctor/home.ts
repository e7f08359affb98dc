import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { nearest } from "@fedbaps/core/common/folder.js";
import type { Home } from "../home.js";
import { loadPublic, renewalBegun, siteFingerprint } from "../identity.js";
import { KEY_AGE_DAYS, keyAgeDays } from "../key-age.js";
import { lockHolder } from "../lock.js";
import { readPolicy } from "../policy.js";
import { type Check, failed, ok, warning } from "./check.js";

const MIB = 2 ** 20;
const LEAST_DISK = 100 * MIB;
const LITTLE_DISK = 1024 * MIB;
/** Somebody besides the owner may do something with it. */
const OTHERS = 0o077;
export const NO_HOME = "not known: there is no home yet";

/** What the agent's folder is like: there, private, writable, with room, keys and a policy that can be read. */
export function homeChecks(home: Home, now: () => number): Check[] {
  const secrets = [home.folder, home.identity];
  return [
    {
      name: "home",
      seconds: 10,
      look: async () => {
        await home.requireInitialised();
        const probe = join(home.folder, ".writable");
        try {
          await writeFileAtomic(probe, "");
          await rm(probe);
        } catch (error) {
          return failed(
            `${home.folder} cannot be written (${messageOf(error)})`,
            "run as its owner, or give its owner the right",
          );
        }
        const seen = process.platform === "win32" ? [] : await openTo(secrets);
        if (seen.length > 0)
          return warning(`${seen.join(" and ")} may be read by others on this computer`, `chmod -R go= ${home.folder}`);
        return ok(`${home.folder} is there, private and writable`);
      },
    },
    {
      name: "lock",
      seconds: 5,
      look: async () => {
        const holder = await lockHolder(home);
        return ok(
          holder === undefined
            ? "no agent runs on this home"
            : `in use by "${holder.command}" (process ${holder.pid}, since ${holder.since})`,
        );
      },
    },
    {
      name: "disk",
      seconds: 5,
      look: async () => {
        const { bavail, bsize } = await statfs(await nearest(home.folder));
        const free = bavail * bsize;
        const message = `${(free / MIB).toFixed(0)} MiB free where ${home.folder} is`;
        if (free < LEAST_DISK) return failed(message, "free some space: the agent stores every step before it goes on");
        return free < LITTLE_DISK ? warning(message, "free some space before a long study") : ok(message);
      },
    },
    {
      name: "log",
      seconds: 5,
      look: async () => {
        if (!(await initialised(home))) return warning(NO_HOME);
        const handle = await open(home.log, "a", 0o600);
        await handle.close();
        return ok(`${home.log} can be written`);
      },
    },
    {
      name: "identity",
      seconds: 5,
      look: async () => {
        if (!(await initialised(home))) return warning(NO_HOME);
        const { member, since } = await loadPublic(home);
        const name = `site ${member.site}, fingerprint ${siteFingerprint(member)}`;
        if (await renewalBegun(home))
          return warning(`${name}; new keys were begun, and not confirmed yet`, "fedbaps-site renew");
        const days = since === undefined ? undefined : keyAgeDays(since, now());
        const age = days === undefined ? "" : `, keys ${days} days old`;
        if (days !== undefined && days > KEY_AGE_DAYS)
          return warning(`${name}${age}`, "make new ones with: fedbaps-site renew");
        return ok(`${name}${age}`);
      },
    },
    {
      name: "policy",
      seconds: 5,
      look: async () => {
        const { minCohort, budgetPerStudy, budgetPerDay, metrics, quietHours } = await readPolicy(home);
        const daily = budgetPerDay === "none" ? "" : `, ${budgetPerDay} a day`;
        const quiet = quietHours.length === 0 ? "" : `, quiet hours ${quietHours.map(({ text }) => text).join(", ")}`;
        return ok(
          `sums over ${minCohort} sites or more, ${budgetPerStudy} queries a study${daily}, metrics: ${metrics}${quiet}`,
        );
      },
    },
  ];
}

/** Whether `init` has been here. */
export function initialised(home: Home): Promise<boolean> {
  return home.requireInitialised().then(
    () => true,
    () => false,
  );
}

/** Which of these the owner's group or everybody may read. */
async function openTo(paths: readonly string[]): Promise<string[]> {
  const modes = await Promise.all(paths.map(async (path) => (await stat(path)).mode));
  return paths.filter((_, index) => (modes[index] & OTHERS) !== 0);
}
