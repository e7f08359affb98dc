import type { LogFields } from "@fedbaps/core/common/logger.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import type { Dataset } from "@fedbaps/core/data/dataset.js";
import { leftOutCounts, leftOutLine, tellLeftOut } from "@fedbaps/site-agent/left-out.js";
import { allowed } from "@fedbaps/site-agent/log.js";
import { expect, it } from "@jest/globals";

const problem = (code: string) => ({
  severity: "case" as const,
  code,
  file: "/data/PATIENT/7.png",
  message: "PATIENT is wrong",
  remedy: "mend PATIENT",
});
const sample = (id: number) => ({
  id,
  stem: `PATIENT-${id}`,
  image: { kind: "picture" as const, path: "PATIENT.png" },
  mask: { kind: "picture" as const, path: "PATIENT.png" },
});
const dataset: Dataset = {
  train: [1, 2, 3, 4, 5].map(sample),
  val: [sample(6)],
  test: [sample(7)],
  leftOut: ["MASK_EMPTY", "IMAGE_UNREADABLE", "MASK_EMPTY"].map(problem),
};

it("what a service says of cases left out is codes and counts, in its lines and in its log", () => {
  const lines: string[] = [];
  const events: (LogFields | undefined)[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields?: LogFields) => void events.push(allowed(fields)) };
  tellLeftOut(dataset, { say: (line) => void lines.push(line), logger });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("3 of 10 cases are left out (MASK_EMPTY 2, IMAGE_UNREADABLE 1)");
  expect(events).toEqual([
    { code: "MASK_EMPTY", cases: 2 },
    { code: "IMAGE_UNREADABLE", cases: 1 },
  ]);
  expect(JSON.stringify([lines, events, leftOutCounts(dataset)])).not.toContain("PATIENT");
});

it("nothing is said where all cases are used", () => {
  expect(leftOutLine({ ...dataset, leftOut: [] })).toBeUndefined();
  expect(leftOutLine({ train: [], val: [], test: [] })).toBeUndefined();
});
