/** The policy of a new home: the defaults, each explained. */
export const POLICY_TEXT = `# What this site allows, whatever a coordinator asks for. The agent checks it before anything is sent, and again while it
# runs: a change counts within seconds. What each line protects is in docs/policy.md.

# A sum is made only over so many sites or more (3 at least): nobody learns the update of one.
minCohort: 3

# Sums are made only under a list of sites that somebody here has compared and accepted: fedbaps-site roster accept.
# false: a list that the study lead has signed is accepted by itself; the first one, whoever signed it.
requirePinnedRoster: true

# Black-box queries that one study may spend here at most, for everything.
budgetPerStudy: 20000

# Black-box queries that this home may ask in one calendar day, over all studies and commands; none: no limit.
budgetPerDay: none

# Which measurements leave this site:
#   none    no measurement (whether a decoder is in use, its version and the queries spent are always told at the end)
#   cohort  validation Dice and training loss, inside the encrypted sum: only the mean over all sites becomes known
#   own     also this site's own validation Dice, round by round, and its test Dice and numbers of images at the end
metrics: cohort

# When the black box is left alone: none, "22:00-06:00", or a list with days: ["mon-fri 07:00-18:00", "sun 00:00-24:00"].
# The agent stays connected meanwhile. Local time of this computer, or of timeZone.
quietHours: none
# timeZone: Europe/Berlin

# CPU threads at most, for the black box, the decoder and pictures; without this line the black box has one unless a
# command says otherwise. Counts from the next start.
# maxThreads: 4

# Servers that may be asked as a black box (oip:URL): prompted images of patients are sent to them. A host, or host:port,
# means https; plain http must be written out: http://host:port. This machine itself (loopback) is always allowed.
blackboxHosts: []

# Coordinators to which plain http:// is allowed. Loopback is always allowed; everything else must be https://.
allowInsecureHttp: []
`;
