// Adds up Jest's reports: the last line of CI, `N passed, N failed` (and skipped, where tests were).
import { readFileSync } from "node:fs";

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, "utf8")));
const sum = (pick) => reports.reduce((total, report) => total + report[pick], 0);
const skipped = sum("numPendingTests");
console.log(
  `${sum("numPassedTests")} passed, ${sum("numFailedTests")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exit(reports.every((report) => report.success) ? 0 : 1);
