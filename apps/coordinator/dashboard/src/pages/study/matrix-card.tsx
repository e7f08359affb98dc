import type { Study } from "../../api/types.js";
import { sentence } from "../../logic/codes.js";
import { type Cell, participation } from "../../logic/participation.js";
import { phaseWords } from "../../logic/phases.js";
import { clockTime, exact } from "../../logic/time.js";
import { Ago } from "../../ui/ago.js";
import { Card } from "../../ui/card.js";
import { Empty } from "../../ui/empty.js";
import { Icon } from "../../ui/icon.js";

/** Rounds by sites: who was in each sum, and who dropped out of it. */
export function MatrixCard({ study }: { study: Study }) {
  const sites = [...study.spec.participation.sites].sort();
  const rows = participation(study.rounds, sites);
  return (
    <Card title="Who took part" hint="Frozen when a round ends; every site signs a receipt for it." flush>
      {rows.length === 0 ? (
        <Empty icon="sites" title="No completed round yet" small />
      ) : (
        <div class="table-scroll" tabIndex={0} role="group" aria-label="Who took part in each round">
          <table class="table matrix">
            <thead>
              <tr>
                <th scope="col">Round</th>
                {sites.map((site) => (
                  <th key={site} scope="col" title={site}>
                    {site}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ round, attempt, endedAt, cells }) => (
                <tr key={round}>
                  <th scope="row">
                    {round}
                    {attempt > 1 && <span class="muted"> (attempt {attempt})</span>}
                    <span class="hint">
                      {" "}
                      <Ago at={endedAt} none="" />
                    </span>
                  </th>
                  {cells.map((cell) => (
                    <td key={cell.site}>
                      <CellMark cell={cell} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function CellMark({ cell: { presence, dropOut } }: { cell: Cell }) {
  const when = dropOut && `${sentence(dropOut.code)} While ${phaseWords(dropOut.phase)}, ${exact(dropOut.at)}.`;
  if (presence === "in")
    return (
      <span class="mark mark-in" title={when}>
        <Icon name="check" size={15} />
        In the sum
        {dropOut && <span class="muted">, left at {clockTime(dropOut.at)}</span>}
      </span>
    );
  if (presence === "absent")
    return (
      <span class="mark mark-absent">
        <Icon name="dash" size={15} />
        Not there
      </span>
    );
  return (
    <span class="stack-tight" style={{ justifyItems: "center", gap: 0 }} title={when}>
      <span class="mark mark-dropped">
        <Icon name="cross" size={15} />
        Dropped out
      </span>
      {dropOut && (
        <span class="hint" style={{ fontSize: "0.75rem" }}>
          {dropOut.code}, {phaseWords(dropOut.phase)}, {clockTime(dropOut.at)}
        </span>
      )}
    </span>
  );
}
