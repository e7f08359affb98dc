import { type Html, html } from "../html.js";
import type { ReportData } from "../report-data.js";
import { grouped } from "../words.js";

/** Settings and versions: what somebody needs who wants to do it again. */
export function methodSection(data: ReportData): Html {
  const { settings, blackbox, images, program, protocol, kind } = data;
  return html`<section aria-labelledby="method">
    <h2 id="method">How it was done</h2>
    <dl>
      ${images && html`<dt>images</dt><dd>${grouped(images.train)} to train, ${grouped(images.val)} to validate, ${grouped(images.test)} to test</dd>`}
      ${
        settings &&
        html`<dt>decoder</dt><dd>${settings.decoder}, ${grouped(settings.decoderParameters)} parameters</dd>
      <dt>method</dt><dd>${settings.preset}, ${settings.rounds} ${kind === "local" ? "parts" : "rounds"}${
        settings.personalShare
          ? `, ${Math.round(settings.personalShare * 100)} % of the training queries for this site's own fine-tuning`
          : ""
      }</dd>
      <dt>seed</dt><dd>${settings.seed}</dd>`
      }
      ${blackbox.name !== undefined && html`<dt>black box</dt><dd>${blackbox.name}</dd>`}
      ${blackbox.identity !== undefined && html`<dt>its identity</dt><dd><code>${blackbox.identity}</code></dd>`}
      ${program !== undefined && html`<dt>program</dt><dd>fedbaps-site ${program}${protocol !== undefined && `, protocol ${protocol}`}</dd>`}
    </dl>
  </section>`;
}
