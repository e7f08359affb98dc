// `npm run demo [-- FLAGS]`: installs what is missing, compiles, runs the demo in this process.
import { ensureBuilt, ensureInstalled } from "./ensure-installed.mjs";

ensureInstalled();
ensureBuilt();
const { main } = await import("../demo/dist/main.js");
process.exit(await main(process.argv.slice(2)));
