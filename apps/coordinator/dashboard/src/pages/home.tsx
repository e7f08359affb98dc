import { useEffect } from "preact/hooks";
import { useStudies } from "../state/lists.js";
import { go } from "../state/router.js";
import { Loaded } from "../ui/loading.js";
import { Page } from "../ui/page.js";

/** Where one lands: the studies, or the way to the first one. */
export function Home() {
  const studies = useStudies();
  useEffect(() => {
    if (studies.data) go(studies.data.studies.length === 0 ? "/set-up" : "/studies", true);
  }, [studies.data]);
  return (
    <Page title="FedBAPS">
      <Loaded from={studies}>{() => null}</Loaded>
    </Page>
  );
}
