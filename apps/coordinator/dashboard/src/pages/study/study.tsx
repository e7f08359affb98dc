import { Problem } from "../../api/problem.js";
import type { Study } from "../../api/types.js";
import { studyLabel } from "../../logic/status.js";
import { aboutStudy, useResource } from "../../state/use-resource.js";
import { Badge } from "../../ui/badge.js";
import { Empty } from "../../ui/empty.js";
import { Link } from "../../ui/link.js";
import { Loaded, Skeleton } from "../../ui/loading.js";
import { Page } from "../../ui/page.js";
import { AttemptsCard } from "./attempts-card.js";
import { Controls } from "./controls.js";
import { DiceCard } from "./dice-card.js";
import { MatrixCard } from "./matrix-card.js";
import { NowCard } from "./now-card.js";
import { ReportsCard } from "./reports-card.js";
import { SeenCard } from "./seen-card.js";
import { SettingsCard } from "./settings-card.js";
import { StudySitesCard } from "./sites-card.js";
import { UsageCard } from "./usage-card.js";

/** Everything about one study. */
export function StudyPage({ name }: { name: string }) {
  const study = useResource<Study>(`/studies/${encodeURIComponent(name)}`, aboutStudy(name));
  if (study.data === undefined && study.problem instanceof Problem && study.problem.status === 404)
    return <NoStudy name={name} />;
  const data = study.data;
  return (
    <Page
      title={data?.title ?? name}
      badge={data && <Badge label={studyLabel(data.status)} />}
      lead={data?.title != null ? <span class="mono small">{name}</span> : undefined}
      actions={data && <Controls study={data} onDone={study.reload} />}
    >
      <Loaded from={study} skeleton={<Skeleton lines={5} height={72} />}>
        {(loaded) => <Parts study={loaded} />}
      </Loaded>
    </Page>
  );
}

function Parts({ study }: { study: Study }) {
  const begun = study.rounds.length > 0;
  return (
    <>
      <NowCard study={study} />
      <StudySitesCard study={study} />
      {begun && (
        <>
          <div class="columns-wide">
            <DiceCard study={study} />
            <UsageCard study={study} />
          </div>
          <SeenCard study={study} />
          {study.completed > 0 && <MatrixCard study={study} />}
          <AttemptsCard study={study} />
        </>
      )}
      <ReportsCard study={study} />
      <SettingsCard study={study} />
    </>
  );
}

function NoStudy({ name }: { name: string }) {
  return (
    <Page title={name} narrow>
      <div class="card">
        <Empty icon="studies" title="There is no study of this name">
          <Link href="/studies" class="btn">
            To the studies
          </Link>
        </Empty>
      </div>
    </Page>
  );
}
