import type { Report, Study } from "../../api/types.js";
import { sentence } from "../../logic/codes.js";
import { dice, gain, whole } from "../../logic/numbers.js";
import { span } from "../../logic/time.js";
import { Badge } from "../../ui/badge.js";
import { Card } from "../../ui/card.js";
import { Empty } from "../../ui/empty.js";

/** The sites' own reports after the last round. */
export function ReportsCard({ study }: { study: Study }) {
  const { reports, sites, status } = study;
  if (reports.length === 0 && status !== "completed" && study.waiting?.reason !== "waiting-for-reports") return null;
  const failed = sites.filter(({ reported, reportFailure }) => !reported && reportFailure !== null);
  return (
    <Card
      title="Reports"
      hint="What each site measured on its own test images, as far as its policy lets it leave."
      flush
    >
      {reports.length === 0 ? (
        <Empty icon="audit" title="No report yet" small>
          <p>The sites fine-tune and measure by themselves, then report.</p>
        </Empty>
      ) : (
        <div class="table-scroll">
          <table class="table table-cards">
            <caption class="visually-hidden">Reports of the sites</caption>
            <thead>
              <tr>
                <th scope="col">Site</th>
                <th scope="col">Uses</th>
                <th scope="col" class="num">
                  Dice before
                </th>
                <th scope="col" class="num">
                  Dice after
                </th>
                <th scope="col" class="num">
                  Gain
                </th>
                <th scope="col" class="num">
                  Images
                </th>
                <th scope="col" class="num">
                  Queries
                </th>
                <th scope="col" class="num">
                  Black-box time
                </th>
              </tr>
            </thead>
            <tbody>
              {reports.map((report) => (
                <ReportRow key={report.site} report={report} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {failed.map(({ site, reportFailure }) => (
        <p key={site} class="hint" style={{ padding: "0.5rem 1.25rem" }}>
          {site} cannot report yet: {sentence(reportFailure!)}
        </p>
      ))}
    </Card>
  );
}

function ReportRow({ report }: { report: Report }) {
  const { site, deployed, zeroShotDice, adaptedDice, images, queries, blackboxSeconds } = report;
  const both = zeroShotDice !== undefined && adaptedDice !== undefined;
  return (
    <tr>
      <th scope="row">{site}</th>
      <td data-label="Uses">
        <Badge
          label={deployed ? { text: "The adapted model", tone: "good" } : { text: "The plain model", tone: "quiet" }}
        />
      </td>
      <td data-label="Dice before" class="num">
        {dice(zeroShotDice)}
      </td>
      <td data-label="Dice after" class="num">
        {dice(adaptedDice)}
      </td>
      <td data-label="Gain" class="num">
        {both ? gain(adaptedDice - zeroShotDice) : "–"}
      </td>
      <td data-label="Images" class="num nowrap" title="training / validation / test">
        {images ? `${images.train} / ${images.val} / ${images.test}` : "–"}
      </td>
      <td data-label="Queries" class="num">
        {whole(queries)}
      </td>
      <td data-label="Black-box time" class="num">
        {span(blackboxSeconds * 1000)}
      </td>
    </tr>
  );
}
