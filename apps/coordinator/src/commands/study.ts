import { readFileSync } from "node:fs";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { Command, Option } from "commander";
import { STUDY_STATUSES } from "../http/schemas/study.js";
import { parseStudyFile } from "../study-file.js";
import { createdAnswer, studyAnswer, studyDetailAnswer } from "./answers.js";
import { requestApi } from "./api-client.js";
import { table } from "./output.js";
import { accessOf, type RemoteOptions, remote } from "./remote.js";
import { allStudies, pathOfStudy } from "./studies.js";
import { studyLines, waitingText } from "./study-lines.js";
import { applySettings } from "./study-settings.js";
import { watchCommand } from "./study-watch.js";

/** `study create|update|list|show|watch|start|pause|resume|abort|clone` */
export function studyCommand(): Command {
  const study = new Command("study").description("studies: create, change, start, watch, stop");

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

  const update = study.command("update <file>").description("take the file's text for a study that is still a draft");
  remote(update, async (_call, output, file) => {
    const spec = parseStudyFile(readStudy(file));
    const access = accessOf(update.opts<RemoteOptions>());
    const path = pathOfStudy(spec.name);
    const { etag } = await requestApi(access, { method: "GET", path, schema: studyDetailAnswer });
    const change = { method: "PUT", path, schema: createdAnswer, body: spec, ifMatch: etag } as const;
    const { answer: row } = await requestApi(access, change);
    output.result(row, [
      `Study ${row.name} has the text of ${file}.`,
      ...row.warnings.map((warning) => `warning: ${warning}`),
    ]);
  });

  const list = study
    .command("list")
    .description("all studies")
    .addOption(new Option("--status <status>", "only those in this state").choices(STUDY_STATUSES));
  remote(list, async (call, output) => {
    const studies = await allStudies(call, list.opts<{ status?: string }>().status);
    const rows = studies.map((row) => [
      row.name,
      row.status,
      `${row.completed} of ${row.rounds}`,
      row.reason ?? waitingText(row.waiting),
    ]);
    output.result({ studies }, table(["study", "status", "rounds", "reason"], rows));
  });

  remote(
    study.command("show <name>").description("one study: who is waited for, rounds, sites"),
    async (call, output, name) => {
      const detail = await call("GET", pathOfStudy(name), studyDetailAnswer);
      output.result(detail, studyLines(detail));
    },
  );

  study.addCommand(watchCommand());

  const verbs = [
    ["start", "offer it to its sites; it runs once enough of them have approved"],
    ["pause", "stop after what is stored; nothing is lost"],
    ["resume", "go on"],
    ["abort", "give it up for good"],
  ] as const;
  for (const [verb, description] of verbs)
    remote(study.command(`${verb} <name>`).description(description), async (call, output, name) => {
      const row = await call("POST", `${pathOfStudy(name)}/${verb}`, studyAnswer);
      output.result(row, [`Study ${row.name} is ${row.status}.`]);
    });

  const clone = study
    .command("clone <name> <new-name>")
    .description("make a draft from any study, under a new name")
    .option(
      "--set <setting=value...>",
      "what shall differ, as in the study file: --set rounds=8 participation.require=4",
    );
  remote(clone, async (call, output, name, newName) => {
    const { set = [] } = clone.opts<{ set?: string[] }>();
    const { spec } = await call("GET", pathOfStudy(name), studyDetailAnswer);
    const body = { ...applySettings(spec, set), name: newName };
    const row = await call("POST", `${pathOfStudy(name)}/clone`, studyAnswer, body);
    output.result(row, [`Study ${row.name} is ${row.status}, made from ${name}.`]);
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
