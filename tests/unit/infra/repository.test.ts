import { describe, expect, it } from "@jest/globals";
import { broken, linterModule, root } from "./support.js";

const { lintInfra } = await linterModule("all");
const { checkByTool, checkShell, checkYaml } = await linterModule("file-rules");

describe("the deployment files of this repository", () => {
  it("break no rule that needs no other program", () => {
    const { checks } = lintInfra(root, { tools: false });
    expect(checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(checks.length).toBeGreaterThan(80);
  });
});

describe("rules for single files", () => {
  it.each([
    ["yaml/valid", "a: 1\na: 2\n"],
    ["yaml/valid", "a: [1\n"],
    ["yaml/blanks", "a: 1 \n"],
    ["yaml/blanks", "a:\n  b: |\n\tx\n"],
  ])("%s is found broken", (rule, text) => {
    expect(broken(checkYaml({ file: "x.yaml", text }))).toContain(rule);
  });

  it("scripts are strict, and can be started", () => {
    const good = "#!/bin/sh\nset -eu\n";
    expect(broken(checkShell({ file: "x.sh", text: good, executable: true }))).toEqual([]);
    expect(broken(checkShell({ file: "x.sh", text: good, executable: false }))).toEqual(["shell/executable"]);
    expect(broken(checkShell({ file: "x.sh", text: "#!/bin/sh\necho\n", executable: true }))).toEqual(["shell/strict"]);
  });

  it("another program's refusal is told with its words, and a missing program is no refusal", () => {
    const init = { rule: "tool", file: "x", cwd: root };
    expect(checkByTool(["no-such-program-here"], init)).toBeUndefined();
    expect(broken(checkByTool(["true"], init))).toEqual([]);
    expect(checkByTool(["sh", "-c", "echo bad; exit 1"], init)[0].message).toContain("bad");
  });
});
