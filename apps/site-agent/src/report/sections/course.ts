import { latencyPercentile } from "@fedbaps/core/blackbox/latency.js";
import { queriesOf } from "@fedbaps/core/blackbox/metered.js";
import { learningCurve } from "../charts/curve.js";
import { type Html, html } from "../html.js";
import type { ReportData } from "../report-data.js";
import { count, grouped, seconds } from "../words.js";

/** How the decoder learned. */
export function learningSection(data: ReportData): Html | undefined {
  if (data.curve.length < 2) return undefined;
  return html`<section aria-labelledby="learning">
    <h2 id="learning">Learning</h2>
    ${learningCurve(data)}
    <p class="note">Each point is a version of the decoder, measured on the same validation images and clicks; the dashed line is zero-shot, the ring is ${
      data.finished ? "what is in use" : "what would be used so far"
    }. The highest point need not be in use: a version must be shown to be better than zero-shot, not only be higher. The point that was chosen flatters a little: what counts are the test images.</p>
  </section>`;
}

/** What it cost. */
export function costSection({ meter, settings, roundsTrained, kind }: ReportData, later: number): Html {
  const spent = queriesOf(meter);
  const [p50, p95] = [0.5, 0.95].map((share) => latencyPercentile(meter.latency, share));
  const calls =
    p50 !== undefined && p95 !== undefined
      ? `half of the calls took less than ${Math.round(p50)} ms, 95 % less than ${Math.round(p95)} ms`
      : undefined;
  return html`<section aria-labelledby="cost">
    <h2 id="cost">What it cost</h2>
    ${settings && html`<p><label for="budget">${grouped(spent)} of ${grouped(settings.budget)} queries</label><br><meter id="budget" min="0" max="${settings.budget}" value="${spent}">${spent} of ${settings.budget}</meter></p>`}
    <dl>
      <dt>queries</dt><dd>${grouped(meter.train)} to train, ${grouped(meter.validate)} to compare versions, ${grouped(meter.report)} to measure the test images</dd>
      ${later > 0 && html`<dt>for this page</dt><dd>${count(later, "query", "queries")} more, not of the budget above</dd>`}
      <dt>black box</dt><dd>${seconds(meter.seconds)} in all${calls !== undefined && `; ${calls}`}</dd>
      ${meter.failures > 0 && html`<dt>calls without an answer</dt><dd>${grouped(meter.failures)}, not counted as queries</dd>`}
      ${kind === "study" && roundsTrained > 0 && html`<dt>rounds trained here</dt><dd>${roundsTrained}${settings && ` of ${settings.rounds}`}</dd>`}
    </dl>
    <p class="note">One query is one image segmented once.</p>
  </section>`;
}
