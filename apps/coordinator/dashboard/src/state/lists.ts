import type { RosterView, Site, StudySummary } from "../api/types.js";
import { aboutRoster, aboutSites, aboutStudies, type Resource, useResource } from "./use-resource.js";

/** As many as one page of the API gives. */
export const PAGE_SIZE = 200;

export const useAllSites = (): Resource<{ sites: Site[]; next?: string | null }> =>
  useResource(`/sites?limit=${PAGE_SIZE}`, aboutSites);

export const useStudies = (): Resource<{ studies: StudySummary[]; next?: string | null }> =>
  useResource(`/studies?limit=${PAGE_SIZE}`, aboutStudies);

export const useRoster = (): Resource<RosterView> => useResource("/roster", aboutRoster);
