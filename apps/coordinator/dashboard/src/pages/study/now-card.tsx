import type { Study } from "../../api/types.js";
import { headFigures } from "../../logic/head-figures.js";
import { bytes, dice, gain, whole } from "../../logic/numbers.js";
import { stepper } from "../../logic/phases.js";
import { nowLine } from "../../logic/study-line.js";
import { useNow } from "../../state/hooks.js";
import { Ago } from "../../ui/ago.js";

/** Where the study is, in a sentence, a row of phases and four figures. */
export function NowCard({ study }: { study: Study }) {
  const now = useNow(1000);
  const { round, status, spec, traffic } = study;
  const figures = headFigures(study);
  return (
    <section class="card" aria-label="Now">
      <div class="now">
        <p class="now-line" aria-live="polite" aria-atomic="true">
          {nowLine(study, now)}
        </p>
        {status === "running" && round !== null && (
          <div class="stack-tight">
            <ol class="stepper" aria-label={`Phases of round ${round.reference.round}`}>
              {stepper(round.phase).map(({ id, short, long, state }) => (
                <li
                  key={id}
                  class={state === "now" ? "now-step" : state}
                  title={long}
                  aria-current={state === "now" ? "step" : undefined}
                >
                  <span>
                    {short}
                    {state === "done" && <span class="visually-hidden"> done</span>}
                  </span>
                </li>
              ))}
            </ol>
            <p class="hint">
              In this phase since <Ago at={round.phaseSince} />; round {round.reference.round} began{" "}
              <Ago at={round.startedAt} />
              {study.driver !== null && study.driver !== undefined && (
                <>
                  ; driven by <span class="mono">{study.driver}</span>
                </>
              )}
              .
            </p>
          </div>
        )}
      </div>
      <dl class="figures">
        <div class="figure">
          <dt>Rounds done</dt>
          <dd>
            {study.completed} <span class="muted">of {spec.rounds}</span>
          </dd>
        </div>
        <div class="figure">
          <dt>{figures.diceLabel}</dt>
          <dd>
            {dice(figures.dice)}
            {figures.gain !== undefined && <span class="hint"> {gain(figures.gain)} against before</span>}
          </dd>
        </div>
        <div class="figure">
          <dt>Black-box queries</dt>
          <dd>
            {whole(figures.queries)}{" "}
            <span class="hint">of at most {whole(spec.budget * spec.participation.sites.length)}</span>
          </dd>
        </div>
        <div class="figure">
          <dt>Left the sites</dt>
          <dd>
            {bytes(traffic.bytesUp)} <span class="hint">{bytes(traffic.bytesDown)} came to them</span>
          </dd>
        </div>
      </dl>
    </section>
  );
}
