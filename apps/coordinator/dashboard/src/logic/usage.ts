import type { Report, Study } from "../api/types.js";

export interface Usage {
  readonly site: string;
  /** Black-box queries spent so far, as far as the site has said; null if it has not. */
  readonly queries: number | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly report: Report | undefined;
}

/** What each site of a study has spent: its final report counts where there is one. */
export function usageOf({ sites, reports }: Pick<Study, "sites" | "reports">): Usage[] {
  return sites.map(({ site, queries, bytesUp, bytesDown }) => {
    const report = reports.find((candidate) => candidate.site === site);
    return { site, queries: report?.queries ?? queries, bytesUp: bytesUp ?? 0, bytesDown: bytesDown ?? 0, report };
  });
}
