import { freshMeter } from "@fedbaps/core/blackbox/metered.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { AdaptCheckpoint } from "@fedbaps/site-agent/adapt/checkpoint.js";
import { AdaptRun } from "@fedbaps/site-agent/adapt/run.js";
import { expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";
import { makeStudy, random } from "../make-runner.js";
import { stubTraining } from "../stub-training.js";

removeTemporaryFolders();

const ROUNDS = 2;
const settings = { "--budget": 1000 };

/** One process that adapts into `out`. */
async function life(out: string, signal: AbortSignal, reference: number | (() => Promise<ImageScore[]>)) {
  const checkpoint = new AdaptCheckpoint(out);
  const before = await checkpoint.load();
  const bought = { images: 0 };
  const { open } = stubTraining({ reference, beforeImage: () => void bought.images++ });
  const { training } = await open(makeStudy({ rounds: ROUNDS }), before?.meter ?? freshMeter);
  const whole = {
    ...training,
    rounds: ROUNDS,
    remember: async () => {},
  } as unknown as SiteTraining;
  const lines: string[] = [];
  const io = {
    stdout: () => {},
    stderr: (text: string) => void lines.push(text.trimEnd()),
    env: {},
    clock: systemClock,
    random,
    signal,
    terminal: false,
  };
  const run = new AdaptRun({ io, training: whole, checkpoint, settings, out, before, stopsEarly: false });
  const ended = run.toEnd(async () => {}).finally(() => run.close());
  return { ended, lines, bought, checkpoint };
}

it("a local run that is stopped while it measures the small network alone goes on there, without a query", async () => {
  const out = await temporaryFolder();
  const stop = new AbortController();
  const first = await life(out, stop.signal, async () => {
    stop.abort();
    stop.signal.throwIfAborted();
    return [];
  });
  await expect(first.ended).rejects.toMatchObject({ name: "AbortError" });
  expect(first.lines.at(-1)).toMatch(
    /^not finished: \d+ of 1000 queries are spent; the same command goes on from there$/,
  );

  const second = await life(out, new AbortController().signal, 0.75);
  const { reference, adapted } = await second.ended;
  expect(second.bought.images).toBe(0);
  expect(reference?.map(({ id, dice }) => [id, dice])).toEqual(adapted.map(({ id }) => [id, 0.75]));
});
