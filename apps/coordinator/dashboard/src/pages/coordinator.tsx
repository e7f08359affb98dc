import type { Coordinator } from "../api/types.js";
import { studyPath } from "../logic/routes.js";
import { useAdmin } from "../state/hooks.js";
import { useResource } from "../state/use-resource.js";
import { VIEWER_REASON } from "../ui/admin-button.js";
import { Ago } from "../ui/ago.js";
import { Card } from "../ui/card.js";
import { Copy } from "../ui/copy.js";
import { Link } from "../ui/link.js";
import { Loaded, Skeleton } from "../ui/loading.js";
import { Page } from "../ui/page.js";
import { Words } from "../ui/words.js";
import { TokensCard } from "./coordinator/tokens.js";

/** The server itself: who it is, which processes it is made of, who may use it. */
export function CoordinatorPage() {
  const admin = useAdmin();
  const coordinator = useResource<Coordinator>("/coordinator");
  return (
    <Page title="Coordinator" lead="This server, its keys, and the tokens by which people and programs use it.">
      <Loaded from={coordinator} skeleton={<Skeleton lines={5} height={28} />}>
        {(data) => (
          <>
            <IdentityCard coordinator={data} />
            <ReplicasCard coordinator={data} />
          </>
        )}
      </Loaded>
      {admin ? (
        <TokensCard />
      ) : (
        <Card title="Tokens">
          <p class="muted">{VIEWER_REASON}</p>
        </Card>
      )}
    </Page>
  );
}

function IdentityCard({ coordinator: { version, fingerprint, words, url, database } }: { coordinator: Coordinator }) {
  return (
    <Card
      title="Identity"
      hint="Every invite carries this key's fingerprint; a site refuses a coordinator with another key."
    >
      <div class="stack">
        <Words words={words} label="Words of the coordinator's key" />
        <Copy text={fingerprint} what="the fingerprint" />
        <dl class="facts">
          <dt>Version</dt>
          <dd>{version}</dd>
          <dt>Address</dt>
          <dd>{url}</dd>
          <dt>Database</dt>
          <dd>{database === "embedded" ? "Embedded, in the coordinator's home" : "PostgreSQL"}</dd>
        </dl>
      </div>
    </Card>
  );
}

function ReplicasCard({ coordinator: { replicas } }: { coordinator: Coordinator }) {
  return (
    <Card
      title="Processes"
      hint="Coordinators that share the database. Each study is driven by one of them; when it is gone, another goes on."
      flush
    >
      <div class="table-scroll">
        <table class="table table-cards">
          <caption class="visually-hidden">Processes</caption>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">Started</th>
              <th scope="col">Last sign of life</th>
              <th scope="col">Drives</th>
            </tr>
          </thead>
          <tbody>
            {replicas.map(({ id, startedAt, seenAt, studies }) => (
              <tr key={id}>
                <th scope="row" class="mono">
                  {id}
                </th>
                <td data-label="Started">
                  <Ago at={startedAt} />
                </td>
                <td data-label="Last sign of life">
                  <Ago at={seenAt} />
                </td>
                <td data-label="Drives">
                  {studies.length === 0 && <span class="muted">no study now</span>}
                  {studies.map((study, i) => (
                    <span key={study}>
                      {i > 0 && ", "}
                      <Link href={studyPath(study)}>{study}</Link>
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
