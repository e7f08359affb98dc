import type { Study, StudySite } from "../../api/types.js";
import { sentence } from "../../logic/codes.js";
import { dice, gain } from "../../logic/numbers.js";
import { siteInStudyLabel } from "../../logic/site-in-study.js";
import { Ago } from "../../ui/ago.js";
import { Badge } from "../../ui/badge.js";
import { Bar } from "../../ui/bar.js";
import { Card } from "../../ui/card.js";
import { Icon } from "../../ui/icon.js";

/** Each site of the study: what it does now and when it was last heard. */
export function StudySitesCard({ study }: { study: Study }) {
  return (
    <Card title="Sites" hint="A site counts as there by its last accepted message, not by an open connection." flush>
      <div class="table-scroll">
        <table class="table table-cards">
          <caption class="visually-hidden">Sites of this study</caption>
          <thead>
            <tr>
              <th scope="col">Site</th>
              <th scope="col">State</th>
              <th scope="col">Training steps</th>
              <th scope="col">Last accepted message</th>
              <th scope="col" class="num">
                Test Dice before → after
              </th>
            </tr>
          </thead>
          <tbody>
            {study.sites.map((site) => (
              <SiteRow key={site.site} site={site} study={study} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function SiteRow({ site, study }: { site: StudySite; study: Study }) {
  const report = study.reports.find((candidate) => candidate.site === site.site);
  const reason = site.reason ?? site.reportFailure;
  const { stepsDone, stepsPlanned } = site;
  return (
    <tr>
      <th scope="row">{site.site}</th>
      <td data-label="State">
        <div class="stack-tight">
          <div class="row">
            <Badge label={siteInStudyLabel(site, study)} />
            <span class="mark muted">
              <Icon name={site.connected ? "link" : "dash"} size={14} />
              {site.connected ? "connected" : "not connected"}
            </span>
          </div>
          {reason && <span class="hint">{sentence(reason)}</span>}
        </div>
      </td>
      <td data-label="Training steps">
        {stepsDone !== null && stepsPlanned !== null && stepsPlanned > 0 ? (
          <div class="meter" style={{ minWidth: "8rem" }}>
            <Bar part={stepsDone} all={stepsPlanned} label={`${site.site}: step ${stepsDone} of ${stepsPlanned}`} />
            <span class="hint">
              {stepsDone} of {stepsPlanned}
            </span>
          </div>
        ) : (
          <span class="muted">–</span>
        )}
      </td>
      <td data-label="Last accepted message">
        <Ago at={site.lastMessage} none="nothing yet" />
      </td>
      <td data-label="Test Dice before → after" class="num">
        {report?.adaptedDice !== undefined ? (
          <span class="nowrap">
            {dice(report.zeroShotDice)} → <strong>{dice(report.adaptedDice)}</strong>
            {report.zeroShotDice !== undefined && (
              <span class="hint"> {gain(report.adaptedDice - report.zeroShotDice)}</span>
            )}
          </span>
        ) : (
          <span class="muted">{report ? "kept private" : "–"}</span>
        )}
      </td>
    </tr>
  );
}
