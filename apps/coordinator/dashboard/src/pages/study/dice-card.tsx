import type { Study } from "../../api/types.js";
import { dicePlot, plotSentence } from "../../logic/dice-plot.js";
import { dice } from "../../logic/numbers.js";
import { Card } from "../../ui/card.js";
import { Empty } from "../../ui/empty.js";
import { DicePlotView } from "./dice-plot-view.js";
import { lineStyle } from "./line-style.js";

/** Validation Dice over the rounds, drawn and as a table. */
export function DiceCard({ study }: { study: Study }) {
  const plot = dicePlot(study.rounds, study.siteDice ?? []);
  const words = plotSentence(plot);
  if (plot.lines.length === 0)
    return (
      <Card title="Validation Dice">
        <Empty icon="studies" title="No figures yet" small>
          <p>They come with the first completed round, from the sites whose policy lets them show.</p>
        </Empty>
      </Card>
    );
  return (
    <Card title="Validation Dice" hint={words}>
      <ul class="plot-legend" aria-label="Lines of the plot">
        {plot.lines.map((line, i) => {
          const { className, dash, width } = lineStyle(line, i);
          return (
            <li key={line.label}>
              <svg width="26" height="8" class={className} aria-hidden="true">
                <line
                  x1="1"
                  y1="4"
                  x2="25"
                  y2="4"
                  stroke="currentColor"
                  stroke-width={width}
                  stroke-dasharray={dash.join(" ")}
                />
              </svg>
              {line.label}
            </li>
          );
        })}
      </ul>
      <DicePlotView plot={plot} />
      <details class="fold">
        <summary>As a table</summary>
        <div class="table-scroll" tabIndex={0} role="group" aria-label="Validation Dice as a table">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">After rounds</th>
                {plot.lines.map(({ label }) => (
                  <th key={label} scope="col" class="num">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {plot.after.map((rounds, i) => (
                <tr key={rounds}>
                  <th scope="row">{rounds}</th>
                  {plot.lines.map(({ label, values }) => (
                    <td key={label} class="num">
                      {dice(values[i])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Card>
  );
}
