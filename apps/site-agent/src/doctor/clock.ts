import { type Finding, failed, ok, warning } from "./check.js";

const DAY_MS = 24 * 3_600_000;
/** From here on somebody should set the clock. */
const CLOCK_WARNING_MS = 60_000;
/** From here on renewals of keys are refused, and certificates seem invalid. */
const CLOCK_FAILED_MS = DAY_MS;

/** @param ahead of this machine's clock against the coordinator's, in milliseconds; known to a second */
export function clockFinding(ahead: number): Finding {
  const off = Math.abs(ahead);
  const seconds = Math.round(off / 1000);
  const message = `this machine's clock is ${duration(seconds)} ${ahead > 0 ? "ahead of" : "behind"} the coordinator's`;
  const remedy = "switch on time synchronisation (NTP): timedatectl set-ntp true; on Windows w32tm /resync";
  if (off >= CLOCK_FAILED_MS) return failed(message, remedy);
  if (off >= CLOCK_WARNING_MS) return warning(message, remedy);
  return ok(seconds <= 1 ? "this machine's and the coordinator's agree" : message);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}
