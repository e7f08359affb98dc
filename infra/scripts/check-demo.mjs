// Checks what `npm run demo -- --json` printed: one JSON document and nothing else, with the figures that it promises.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const gain = report.adaptedDice - report.zeroShotDice;
const faults = [
  report.sites.length >= 3 || "fewer than three sites",
  report.rounds.completed >= 3 || "fewer than three completed rounds",
  gain >= 0.02 || `the mean gain is only ${gain.toFixed(3)}`,
  ...report.sites.map(
    (site) => site.adaptedDice >= site.zeroShotDice - 0.005 || `${site.site} is below its zero-shot Dice`,
  ),
].filter((fault) => fault !== true);
for (const fault of faults) console.error(`demo: ${fault}`);
console.log(`demo: zero-shot ${report.zeroShotDice.toFixed(3)}, adapted ${report.adaptedDice.toFixed(3)}`);
process.exit(faults.length > 0 ? 1 : 0);
