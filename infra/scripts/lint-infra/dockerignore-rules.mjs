// Rules for .dockerignore: what must never reach a builder.
import { Checks } from "./checks.mjs";
import { ignores } from "./dockerignore.mjs";

const PRIVATE = [
  ".git/config",
  ".env",
  "infra/.env",
  "infra/secrets/database-password",
  "infra/site-data/images/patient.png",
  "apps/site-agent/.env.local",
  "apps/coordinator/node_modules/x/index.js",
  "node_modules/x/index.js",
  "packages/core/dist/x.js",
  "apps/coordinator/agent.log",
  "demo-out/report.json",
  "some-new-folder/scan.dcm",
];

export function checkDockerignore({ file, text }) {
  const checks = new Checks(file);
  const ignored = ignores(text);
  const first = text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#"));
  checks.check("dockerignore/nothing-by-default", first?.trim() === "*", "begin with *, and name what may pass");
  checks.none(
    "dockerignore/private",
    PRIVATE.filter((path) => !ignored(path)),
    "a builder would get",
  );
  return checks.all;
}
