import type { Route } from "../logic/routes.js";
import { Empty } from "../ui/empty.js";
import { Link } from "../ui/link.js";
import { Page } from "../ui/page.js";
import { AuditPage } from "./audit.js";
import { CoordinatorPage } from "./coordinator.js";
import { EditStudy, NewStudy } from "./edit-study.js";
import { Home } from "./home.js";
import { SetUp } from "./set-up.js";
import { SitesPage } from "./sites.js";
import { StudiesPage } from "./studies.js";
import { StudyPage } from "./study/study.js";

/** The page of an address. */
export function CurrentPage({ route }: { route: Route }) {
  switch (route.page) {
    case "home":
      return <Home />;
    case "set-up":
      return <SetUp />;
    case "studies":
      return <StudiesPage />;
    case "new-study":
      return <NewStudy from={route.from} />;
    case "edit-study":
      return <EditStudy name={route.name} />;
    case "study":
      return <StudyPage name={route.name} />;
    case "sites":
      return <SitesPage />;
    case "audit":
      return <AuditPage study={route.study} />;
    case "coordinator":
      return <CoordinatorPage />;
    case "unknown":
      return (
        <Page title="Nothing here" narrow>
          <div class="card">
            <Empty icon="info" title="There is no such page">
              <p>The address may be mistyped, or from another version.</p>
              <Link href="/studies" class="btn">
                To the studies
              </Link>
            </Empty>
          </div>
        </Page>
      );
  }
}
