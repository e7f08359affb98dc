import { type Html, html } from "../html.js";
import type { ReportData } from "../report-data.js";
import { bytes, count, grouped } from "../words.js";

/** What each kind of message holds. */
const MEANING: Readonly<Record<string, string>> = {
  progress: "steps done and queries spent, while it works",
  failure: "a code and a stage, where something failed",
  history: "which rounds' sums are asked for",
  report: "the end: what is in use, queries, seconds, and what the policy lets leave",
  "reply/recruiting": "ready for a round; once, where this site makes it, the sealed key of the sums",
  "reply/training": "training of a round is done, queries so far; own Dice only if the policy lets it leave",
  "reply/advertiseKeys": "fresh public keys, signed",
  "reply/shareKeys": "secret shares, sealed to each other site",
  "reply/maskedInput": "the masked update: looks random, only a sum over all can be unmasked",
  "reply/consistency": "a signature over who is in the sum",
  "reply/unmask": "shares that take the masks off the whole sum: of each site one of two kinds, never both",
};

/** What left the site. */
export function sentSection({ sent, kind, blackbox }: ReportData): Html {
  const kinds = Object.entries(sent ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const total = kinds.reduce((sum, [, { bytes: size }]) => sum + size, 0);
  return html`<section aria-labelledby="sent">
    <h2 id="sent">What was sent</h2>
    ${
      kind === "local"
        ? html`<p>Nothing: this run knew no coordinator.</p>`
        : kinds.length === 0
          ? html`<p>Not known here: it is counted in the home of the agent that served the study, and earlier versions of this program did not count.</p>`
          : html`<div class="wide" tabindex="0" role="group" aria-labelledby="sent"><table>
      <caption>${bytes(total)} to the coordinator, without frames and encryption on the way; messages that had to be sent again count again</caption>
      <thead><tr><th scope="col">message</th><th scope="col" class="n">sent</th><th scope="col" class="n">size</th><th scope="col">what it holds</th></tr></thead>
      <tbody>${kinds.map(([name, { messages, bytes: size }]) => html`<tr><th scope="row"><code>${name}</code></th><td class="n">${grouped(messages)}</td><td class="n">${bytes(size)}</td><td>${MEANING[name] ?? ""}</td></tr>`)}</tbody>
    </table></div>`
    }
    ${
      kind === "study" &&
      html`<p class="note">No image, mask, click, file name or decoder in the clear is in any message. Besides these there are, with every connection, the site's name, a signature and the hashes of the studies it approved; and signs of life.</p>`
    }
    ${
      blackbox.name?.startsWith("oip:") &&
      html`<p class="note">The black box is a server that this site chose: images with visual prompts, and clicks, went there.</p>`
    }
  </section>`;
}

/** Who was in the sums. */
export function participationSection({ participation, kind }: ReportData): Html | undefined {
  if (kind === "local" || participation.length === 0) return undefined;
  return html`<section aria-labelledby="participation">
    <h2 id="participation">Participation</h2>
    <div class="wide" tabindex="0" role="group" aria-labelledby="participation"><table>
      <caption>${count(participation.length, "sum")} that this site helped to unmask, as its own journal has them</caption>
      <thead><tr><th scope="col" class="n">round</th><th scope="col" class="n">attempt</th><th scope="col">in the sum</th><th scope="col">dropped out</th></tr></thead>
      <tbody>${participation.map(({ round, attempt, survivors, dropped }) => html`<tr><th scope="row" class="n">${round}</th><td class="n">${attempt}</td><td>${survivors.join(", ")}</td><td>${dropped.join(", ") || "nobody"}</td></tr>`)}</tbody>
    </table></div>
  </section>`;
}
