import { readFileSync } from "node:fs";
import { auditCommand } from "@fedbaps/coordinator/commands/audit.js";
import { rosterCommand } from "@fedbaps/coordinator/commands/roster.js";
import { serveCommand } from "@fedbaps/coordinator/commands/serve.js";
import { siteCommand } from "@fedbaps/coordinator/commands/site.js";
import { studyCommand } from "@fedbaps/coordinator/commands/study.js";
import { tokenCommand } from "@fedbaps/coordinator/commands/token.js";
import { STATUS } from "@fedbaps/coordinator/http/problem.js";
import { describe, expect, it } from "@jest/globals";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

describe("the coordinator's documentation", () => {
  it("lists every command with its arguments, and no other", () => {
    const groups = [siteCommand(), rosterCommand(), studyCommand(), tokenCommand(), auditCommand()];
    const commands = groups.flatMap((group) =>
      group.commands.map((command) => {
        const words = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
        return [group.name(), command.name(), ...words].join(" ");
      }),
    );
    const listed = [...read("docs/cli.md").matchAll(/^\| `((?!--)[^`]+)` \| [^`]*\w/gm)].map(([, command]) => command);
    expect(listed.sort()).toEqual([serveCommand().name(), ...commands].sort());
  });

  it("names every code of a refusal beside its status", () => {
    const documentation = read("docs/api.md");
    for (const [code, status] of Object.entries(STATUS))
      expect(documentation).toMatch(new RegExp(`^\\| [^|]*\\b${status}\\b[^|]* \\|.*\`${code}\``, "m"));
  });
});
