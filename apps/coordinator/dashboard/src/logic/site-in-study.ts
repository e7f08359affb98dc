import type { Study, StudySite } from "../api/types.js";
import { type Label, siteLabel, stateLabel } from "./status.js";

/** What a site is doing for a study, in a word or two. */
export function siteInStudyLabel(site: StudySite, { status, waiting }: Pick<Study, "status" | "waiting">): Label {
  if (site.status !== "approved") return siteLabel(site.status);
  if (site.reported) return { text: "Reported", tone: "good" };
  if (status === "draft") return { text: "Not asked yet", tone: "quiet" };
  if (waiting?.reason === "waiting-for-reports" && waiting.sites.includes(site.site))
    return { text: "Fine-tuning, then reports", tone: "active" };
  if (status === "running" && site.state !== null) return stateLabel(site.state);
  return site.approved
    ? { text: "Approved the study", tone: "good" }
    : { text: "Has not approved yet", tone: "waiting" };
}
