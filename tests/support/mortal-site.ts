import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf } from "@fedbaps/core/common/errors.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import type { SiteReport } from "@fedbaps/core/wire/messages.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { WaitingForDisk } from "@fedbaps/site-agent/disk-patience.js";
import { Home } from "@fedbaps/site-agent/home.js";
import type { StudyRecord } from "@fedbaps/site-agent/study-records.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { makeRunner } from "../unit/site-agent/make-runner.js";
import { stubTraining } from "../unit/site-agent/stub-training.js";
import { type DiskChange, DiskLife, type Strike } from "./faulty-disk.js";
import { type Answer, LONE, LoneStudy } from "./lone-study.js";

/** What a whole study leaves, and what it cost by the black box's own count. */
export interface Left {
  readonly report: SiteReport;
  /** SHA-256 of every version's parameters that are on the disk. */
  readonly versions: readonly string[];
  readonly records: readonly StudyRecord[];
  readonly revealed: LoneStudy["revealed"];
  readonly failures: LoneStudy["failures"];
  readonly bought: { readonly steps: number; readonly images: number };
  /** Changes of the disk in each life. */
  readonly changes: readonly number[];
  readonly lines: readonly string[];
}

/** What each life of the agent meets; the last one meets nothing. */
export type Fates = readonly ((change: DiskChange) => Strike | undefined)[];

/**
 * Plays a study with a real agent that dies as `fates` say, each life on what the one before left on the disk.
 * @param folder of the home, empty
 */
export async function playStudy(folder: string, study: StudySpec, fates: Fates): Promise<Left> {
  const bought = { steps: 0, images: 0 };
  const changes: number[] = [];
  const lines: string[] = [];
  let number = 0;
  let life = new DiskLife(folder, fates[number]);
  let site: Awaited<ReturnType<typeof makeRunner>> | undefined;

  const say = (line: string) => void lines.push(line);
  const begin = () => {
    const { open } = stubTraining({
      beforeStep: () => void bought.steps++,
      beforeImage: () => void bought.images++,
    });
    const patience = new WaitingForDisk({ clock: hasty, logger: silentLogger, study: study.name, say });
    const { identity, roster } = LONE;
    return makeRunner({ folder, study, open, sums: coordinator.sums, identity, roster: () => roster, patience });
  };
  const coordinator: LoneStudy = new LoneStudy(study, async (instruction) => {
    const mine = life;
    const work = life.run(async (): Promise<Answer> => {
      try {
        site ??= await begin();
      } catch (error) {
        // As the agent does: told by its code, and opened anew for the next instruction.
        return { study: study.name, stage: "recruiting", code: codeOf(error) };
      }
      const { runner, sent } = site;
      const before = counts(sent);
      runner.receive(instruction);
      await runner.idle();
      lines.push(...sent.lines.splice(0));
      return newest(sent, before);
    });
    const answer = await Promise.race([work, mine.died.then(() => undefined)]);
    if (!mine.dead) return answer;
    changes.push(mine.changes);
    life = new DiskLife(folder, fates[++number]);
    site = undefined;
    return undefined;
  });
  const report = await coordinator.play().catch((error: Error) => {
    throw new Error(`${error.message}; ${lines.slice(-3).join(" | ")}`);
  });
  changes.push(life.changes);
  await site?.runner.stop(Promise.resolve());
  const { revealed, failures } = coordinator;
  return { report, ...(await leftBy(folder, study, coordinator.hash)), revealed, failures, bought, changes, lines };
}

type Sent = Awaited<ReturnType<typeof makeRunner>>["sent"];

const counts = ({ replies, failures, reports }: Sent) => [replies.length, failures.length, reports.length];

function newest(sent: Sent, [replies, failures, reports]: readonly number[]): Answer {
  return sent.failures[failures] ?? sent.reports[reports] ?? sent.replies.slice(replies).at(-1);
}

async function leftBy(folder: string, study: StudySpec, hash: string): Promise<Pick<Left, "versions" | "records">> {
  const home = new Home(folder);
  const store = await StudyStore.open(home, study.name, hash);
  const versions: string[] = [];
  for (const version of await store.versions()) {
    const theta = await store.version(version);
    versions.push(`${version} ${theta ? sha256Hex(new Uint8Array(theta.buffer)) : "none"}`);
  }
  return { versions, records: await StudyStore.read(home, study.name) };
}

/** Waits are a thousand times shorter. */
const hasty: Clock = {
  now: Date.now,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds / 1000);
    return () => clearTimeout(timer);
  },
};
