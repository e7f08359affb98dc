import { type Step, setUpSteps } from "../logic/set-up.js";
import { useAllSites, useRoster, useStudies } from "../state/lists.js";
import { ViewerNote } from "../ui/admin-button.js";
import { Link } from "../ui/link.js";
import { Loaded, Skeleton } from "../ui/loading.js";
import { Notice } from "../ui/notice.js";
import { Page } from "../ui/page.js";
import { ApproveStep } from "./set-up/approve-step.js";
import { EnrolStep } from "./set-up/enrol-step.js";
import { InviteStep } from "./set-up/invite-step.js";
import { RosterStep } from "./set-up/roster-step.js";
import { StartStep } from "./set-up/start-step.js";
import { StepCard } from "./set-up/step-card.js";
import { StudyStep } from "./set-up/study-step.js";

/** The way from nothing to a running study; every step ticks itself off. */
export function SetUp() {
  const [sites, roster, studies] = [useAllSites(), useRoster(), useStudies()];
  const failed = [sites, roster, studies].find(({ data, problem }) => data === undefined && problem !== undefined);
  const ready =
    sites.data && roster.data && studies.data
      ? { sites: sites.data.sites, roster: roster.data, studies: studies.data.studies }
      : undefined;
  return (
    <Page
      title="Set up"
      lead="Six steps from nothing to a running study. Each ticks itself off when it is done, here or on the command line."
      narrow
    >
      <ViewerNote />
      <Loaded
        from={{ data: ready, problem: failed?.problem, loading: false, reload: () => failed?.reload() }}
        skeleton={<Skeleton lines={6} height={64} />}
      >
        {(data) => <Steps {...data} steps={setUpSteps(data.sites, data.roster.current, data.studies)} />}
      </Loaded>
    </Page>
  );
}

type StepsProps = Parameters<typeof ApproveStep>[0] &
  Parameters<typeof RosterStep>[0] &
  Parameters<typeof StartStep>[0] & { steps: Step[] };

function Steps({ steps, sites, roster, studies }: StepsProps) {
  const body = {
    invite: <InviteStep sites={sites} />,
    enrol: <EnrolStep sites={sites} />,
    approve: <ApproveStep sites={sites} />,
    roster: <RosterStep roster={roster} />,
    study: <StudyStep studies={studies} />,
    start: <StartStep studies={studies} />,
  };
  return (
    <>
      {steps.every(({ done }) => done) && (
        <Notice tone="good">
          <p>Everything is set up and a study is on its way.</p>
          <div>
            <Link href="/studies" class="btn">
              See the studies
            </Link>
          </div>
        </Notice>
      )}
      <ol class="steps" aria-label="Steps">
        {steps.map((step, i) => (
          <li key={step.id}>
            <StepCard step={step} number={i + 1}>
              {body[step.id]}
            </StepCard>
          </li>
        ))}
      </ol>
    </>
  );
}
