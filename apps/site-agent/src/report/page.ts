import { type Html, html, wholePage } from "./html.js";
import type { ReportData } from "./report-data.js";
import { casesSection, type Gallery } from "./sections/case-gallery.js";
import { costSection, learningSection } from "./sections/course.js";
import { participationSection, sentSection } from "./sections/federation.js";
import { figuresSection, imagesSection, tableSection } from "./sections/figures.js";
import { methodSection } from "./sections/method.js";
import { stateOf, summary } from "./sections/summary.js";
import { compare, outcomes } from "./statistics.js";
import { STYLE } from "./style.js";

export interface PageInit {
  readonly data: ReportData;
  readonly gallery?: Gallery | undefined;
  /** What an image is called on the page. */
  nameOf(id: number): string;
  /** Queries that were asked for this page. */
  readonly queries: number;
  /** ISO 8601. */
  readonly now: string;
}

/** The whole page of results: one file that asks nobody for anything. */
export function reportPage({ data, gallery, nameOf, queries, now }: PageInit): string {
  const { test, settings } = data;
  const seed = settings?.seed ?? 0;
  const comparisons = test ? compare(test.zeroShot, test.adapted, seed, test.reference) : [];
  const changed = test?.adapted ? outcomes(test.zeroShot, test.adapted) : undefined;
  const state = stateOf(data);
  const pictured = (gallery?.pictures.size ?? 0) > 0;
  const name = data.title ?? (data.kind === "local" ? "Local adaptation" : `Study ${data.name}`);
  const under = [
    data.kind === "study" && data.title !== undefined && `study ${data.name}`,
    data.site !== undefined && `site ${data.site}`,
    `as of ${dayOf(data.at ?? now)}`,
  ].filter(Boolean);
  const body: Html = html`<header>
  <h1>${name}: what adaptation did at this site</h1>
  <p class="sub">${under.join(" · ")}</p>
  <p class="state${state.good ? " good" : ""}">${state.text}</p>
</header>
<main>
  ${summary(data, comparisons, changed, gallery ? "the worst cases below" : "the table at the end")}
  ${test && figuresSection(comparisons, settings?.clicks)}
  ${test && imagesSection(test.zeroShot, test.adapted, nameOf)}
  ${learningSection(data)}
  ${gallery && casesSection(gallery, nameOf)}
  ${costSection(data, queries)}
  ${sentSection(data)}
  ${participationSection(data)}
  ${methodSection(data)}
  ${test && tableSection(test, nameOf)}
</main>
<footer>
  <p>Made at the site on ${dayOf(now)} by fedbaps-site. ${pictured && "This page holds pictures of patients: it stays at the site, as they do. "}Research software, not a medical device.</p>
</footer>`;
  return wholePage(name, STYLE, body);
}

/** A date and a time that everybody reads alike. */
function dayOf(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
