import type { LiveFeed } from "../live-feed.js";
import type { Studies } from "../rounds/studies.js";
import type { Cluster, Note, Question } from "./cluster.js";
import type { Connections } from "./connections.js";
import type { SiteMessages } from "./site-messages.js";

export interface ClusterServiceComponents {
  readonly cluster: Cluster;
  readonly studies: Studies;
  readonly connections: Connections;
  readonly messages: SiteMessages;
  readonly feed: LiveFeed;
}

/** What this process does for the others: answers their questions, acts on their notes. */
export function serveCluster({ cluster, studies, connections, messages, feed }: ClusterServiceComponents): void {
  const ask = async (question: Question): Promise<unknown> => {
    if (question.kind === "view") return studies.live(question.study);
    return messages.handleHere(question.site, question.event, question.message);
  };
  const told = (note: Note): void => {
    if (note.kind === "changed") feed.publishHere(note.change);
    else if (note.kind === "reconcile") studies.attend();
    else if (note.kind === "heard") studies.heardElsewhere(note.site);
    else if (note.kind === "arrived") studies.arrivedElsewhere(note.site);
    else connections.expel(note.site, note.code);
  };
  cluster.serve({ ask, told });
}
