// Opens black boxes one after the other, as `[[SPEC, OPTIONS], ...]` in JSON says, and prints how many threads each began.
import { readdirSync } from "node:fs";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";

const running = () => readdirSync("/proc/self/task").length;
// What the first one begins is everybody's.
await openBlackBox("bundled");
const counts = [];
for (const [spec, options] of JSON.parse(process.argv[2])) {
  const before = running();
  await openBlackBox(spec, options);
  counts.push(running() - before);
}
console.log(JSON.stringify(counts));
process.exit(0);
