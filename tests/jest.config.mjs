// One Jest configuration; the suite (default, e2e, ...) is chosen by FEDBAPS_SUITE.
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const suites = {
  default: ["<rootDir>/tests/{unit,contract,protocol,integration}/**/*.test.ts"],
  // Whole studies under trouble, and commands that are killed or stopped: too long for every run.
  long: ["<rootDir>/tests/long/**/*.test.ts"],
  e2e: ["<rootDir>/tests/e2e/**/*.test.ts"],
  // What rests on the coordinator's database, on a PostgreSQL: see test:postgres.
  postgres: [
    "<rootDir>/tests/postgres/**/*.test.ts",
    "<rootDir>/tests/unit/coordinator/**/*.test.ts",
    "<rootDir>/tests/integration/{coordinator,enrolment}*.test.ts",
  ],
  browser: ["<rootDir>/tests/browser/**/*.test.ts"],
};

export default {
  rootDir: root,
  testMatch: suites[process.env.FEDBAPS_SUITE ?? "default"],
  testEnvironment: "<rootDir>/tests/support/jest-environment.mjs",
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "es6" }, sourceMaps: "inline" },
    ],
  },
  moduleNameMapper: {
    "^@fedbaps/core/(.*)\\.js$": "<rootDir>/packages/core/src/$1.ts",
    "^@fedbaps/coordinator/(.*)\\.js$": "<rootDir>/apps/coordinator/src/$1.ts",
    "^@fedbaps/dashboard/(.*)\\.js$": "<rootDir>/apps/coordinator/dashboard/src/$1.ts",
    "^@fedbaps/site-agent/(.*)\\.js$": "<rootDir>/apps/site-agent/src/$1.ts",
    "^@fedbaps/demo/(.*)\\.js$": "<rootDir>/infra/demo/src/$1.ts",
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  modulePathIgnorePatterns: ["/dist/"],
  // Whole federations of processes, on machines with other work to do.
  testTimeout: ["long", "e2e", "browser"].includes(process.env.FEDBAPS_SUITE) ? 240_000 : 60_000,
  maxWorkers: 2,
  // Every file loads the networks that it uses anew; a worker is replaced before they add up.
  workerIdleMemoryLimit: "1500MB",
};
