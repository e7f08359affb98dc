// The site agent's health check, by what `fedbaps-site status --json` says. Exit status 0: an agent runs in this container's
// home, is connected or has been lately, and does not hang. It prints codes and times only.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const MINUTE = 60_000;
/** The agent writes its state at least this often. */
const SILENCE_MILLISECONDS = 5 * MINUTE;
/** So long a link may be lost: shorter breaks are the agent's own business. */
const LOST_MILLISECONDS = 15 * MINUTE;

/**
 * @param status the document of `fedbaps-site status --json`; @param now milliseconds since the epoch
 * @returns undefined for a healthy agent, else why it is not
 */
export function complaintAbout({ running, activity }, now) {
  if (running === null) return "no agent runs";
  const since = Date.parse(running.since);
  // What an earlier agent wrote says nothing of this one.
  const current = activity !== null && Date.parse(activity.at) >= since ? activity : null;
  const heard = current === null ? since : Date.parse(current.at);
  if (now - heard > SILENCE_MILLISECONDS) return `the agent has written nothing since ${new Date(heard).toISOString()}`;
  if (current === null || current.link.state === "admitted") return undefined;
  if (now - Date.parse(current.link.since) <= LOST_MILLISECONDS) return undefined;
  return `not connected since ${current.link.since}${current.link.code === null ? "" : ` (${current.link.code})`}`;
}

if (process.argv[1] === import.meta.filename) {
  let complaint;
  try {
    const { stdout } = await promisify(execFile)("fedbaps-site", ["status", "--json"], { timeout: 15_000 });
    complaint = complaintAbout(JSON.parse(stdout), Date.now());
  } catch (error) {
    complaint = `status failed (${error.code ?? error.name})`;
  }
  process.stdout.write(complaint === undefined ? "healthy\n" : `unhealthy: ${complaint}\n`);
  process.exit(complaint === undefined ? 0 : 1);
}
