/** One plain sentence for each code that a study, an attempt or a site can carry. */
const SENTENCES: Readonly<Record<string, string>> = {
  SILENT: "The site said nothing for too long and was counted as gone.",
  TOO_FEW_SITES: "Too few sites were left to make a safe sum.",
  COORDINATOR_RESTARTED: "The coordinator was restarted; the attempt is made again with what the sites have stored.",
  LEASE_LOST: "Another coordinator took the study over; the attempt is made again with what the sites have stored.",
  APPROVAL_WITHDRAWN: "The site withdrew its approval of the study.",
  SITE_REVOKED: "The site was revoked at this coordinator.",
  ROSTER_CHANGED: "The study lead signed a new roster; the round begins anew under it.",
  NO_ROSTER: "There is no signed roster that names every site of the study.",
  STUDY_PAUSED: "The study was paused; what the sites have trained stays with them.",
  STUDY_ABORTED: "The study was aborted.",
  STUDY_FAILED: "The study could not go on; the coordinator's log says more.",
  NOT_READY: "The site is connected but cannot start yet.",
  CLIENT_STATE_LOST: "The site was restarted in the middle of the secure sum; it takes part in the next attempt.",
  IMPOSSIBLE_SUM: "The sum cannot be right: a site sent an update that no honest training gives.",
  INTERNAL: "Something failed that nobody foresaw; the log says more.",
  NO_EPOCH_KEY: "The site does not have the key to the study's sealed sums yet.",
  BAD_HISTORY: "The site could not follow the rounds so far.",
  ROSTER_NOT_ACCEPTED: "The site has not accepted the newest roster yet.",
  ROSTER_WRONG: "The site refused the roster: it is not the one that it accepted.",
  NOT_APPROVED: "The site has not approved the study.",
  NOT_ADMITTED: "The site is not admitted at this coordinator.",
  POLICY_REFUSED: "The site's own policy does not allow this.",
  BUDGET_EXHAUSTED: "The site has spent its query budget.",
  BUDGET_TOO_SMALL: "The query budget is too small for the site's images.",
  BLACKBOX_UNREACHABLE: "The site cannot reach its black box.",
  BLACKBOX_TIMEOUT: "The site's black box did not answer in time.",
  BLACKBOX_REFUSED: "The site's black box refused the request.",
  BLACKBOX_FAILED: "The site's black box failed.",
  BLACKBOX_FILE: "The site cannot read its black box's file.",
  BLACKBOX_CONTRACT: "The site's black box gave an answer of the wrong form.",
  DATASET_EMPTY: "The site found no images.",
  DATASET_MISSING: "The site's image folder is not there.",
  DATASET_TOO_SMALL: "The site has too few images.",
  DATASET_UNPAIRED: "Some of the site's images have no mask.",
  MATERIAL_CHANGED: "The site's images changed since it began.",
  IMAGE_UNREADABLE: "The site has an image that cannot be read.",
  HOME_DAMAGED: "The site's stored state is damaged.",
  HOME_UNWRITABLE: "The site cannot write its state; is its disk full?",
  LOSS_NOT_FINITE: "The site's training gave figures that are no numbers.",
  CONFLICTING_REPEAT: "The site repeated an answer with other contents.",
  CONFLICT: "The site repeated an answer with other contents.",
  BAD_SHARES: "The site sent shares that do not fit.",
  BAD_SIGNATURE: "The site sent a signature that does not hold.",
  BAD_COHORT: "The site refused the round's list of sites.",
  LIST_MISMATCH: "The sites were told different lists and stopped, as they must.",
  TOO_FEW_SIGNATURES: "Too few sites confirmed who is in the sum.",
  REVEAL_CONFLICT: "The site refused to reveal a second time.",
  TOO_FEW_ANSWERS: "Too few sites answered.",
};

/** The sentence for a code; a code that is not known is shown as it is. */
export function sentence(code: string): string {
  return SENTENCES[code] ?? `Reason: ${code}.`;
}

/** The codes that have a sentence. */
export const knownCodes: readonly string[] = Object.keys(SENTENCES);
