import { readFileSync } from "node:fs";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { Command } from "commander";
import { parseStudyFile } from "../study-file.js";
import { createdAnswer, studiesAnswer, studyAnswer, studyDetailAnswer } from "./answers.js";
import { table } from "./output.js";
import { remote } from "./remote.js";
import { studyLines } from "./study-lines.js";

/** `study create|list|show|start|pause|resume|abort` */
export function studyCommand(): Command {
  const study = new Command("study").description("studies: create, start, watch, stop");

  remote(
    study.command("create <file>").description("take in a study from its YAML file"),
    async (call, output, file) => {
      const spec = parseStudyFile(readStudy(file));
      const row = await call("POST", "/studies", createdAnswer, spec);
      output.result(row, [
        `Study ${row.name} is ${row.status}.`,
        ...row.warnings.map((warning) => `warning: ${warning}`),
        `Offer it to the sites with: study start ${row.name}`,
      ]);
    },
  );

  remote(study.command("list").description("all studies"), async (call, output) => {
    const { studies } = await call("GET", "/studies", studiesAnswer);
    const rows = studies.map((row) => [row.name, row.status, `${row.completed} of ${row.rounds}`, row.reason ?? ""]);
    output.result({ studies }, table(["study", "status", "rounds", "reason"], rows));
  });

  remote(
    study.command("show <name>").description("one study: who is waited for, rounds, sites"),
    async (call, output, name) => {
      const detail = await call("GET", `/studies/${encodeURIComponent(name)}`, studyDetailAnswer);
      output.result(detail, studyLines(detail));
    },
  );

  const verbs = [
    ["start", "offer it to its sites; it runs once enough of them have approved"],
    ["pause", "stop after what is stored; nothing is lost"],
    ["resume", "go on"],
    ["abort", "give it up for good"],
  ] as const;
  for (const [verb, description] of verbs)
    remote(study.command(`${verb} <name>`).description(description), async (call, output, name) => {
      const row = await call("POST", `/studies/${encodeURIComponent(name)}/${verb}`, studyAnswer);
      output.result(row, [`Study ${row.name} is ${row.status}.`]);
    });

  return study;
}

function readStudy(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
