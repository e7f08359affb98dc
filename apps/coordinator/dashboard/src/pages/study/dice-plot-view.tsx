import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type DicePlot, plotSentence } from "../../logic/dice-plot.js";
import { useStore } from "../../state/hooks.js";
import { isDark, themeStore } from "../../state/theme.js";
import { useSystemDark } from "../../state/use-system-dark.js";
import { lineStyle } from "./line-style.js";

const HEIGHT = 260;

/** The drawn plot. It is made anew when its data or the theme change: there are few points. */
export function DicePlotView({ plot }: { plot: DicePlot }) {
  const ref = useRef<HTMLDivElement>(null);
  const theme = useStore(themeStore);
  const systemDark = useSystemDark();
  const key = JSON.stringify(plot);
  useEffect(() => {
    const host = ref.current;
    if (!host) return;
    const drawn = new uPlot(optionsFor(plot, host), [plot.after, ...plot.lines.map(({ values }) => values)], host);
    const observer = new ResizeObserver(() => drawn.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      drawn.destroy();
    };
  }, [key, isDark(theme), systemDark]);
  return <div class="plot" ref={ref} role="img" aria-label={plotSentence(plot) ?? "Validation Dice over the rounds"} />;
}

function optionsFor({ after, lines }: DicePlot, host: HTMLElement): uPlot.Options {
  const [text, grid] = [colourOf("var(--muted)", host), colourOf("var(--line)", host)];
  const font = `12px ${getComputedStyle(host).fontFamily}`;
  const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const first = after[0] ?? 0;
  const last = after.at(-1) ?? 0;
  return {
    width: host.clientWidth,
    height: HEIGHT,
    padding: [10, 14, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [first - 0.15, Math.max(last, first + 1) + 0.15] }, y: { range: padded } },
    axes: [
      {
        ...axis,
        label: "After so many rounds",
        labelFont: font,
        labelSize: 22,
        size: 32,
        grid: { show: false },
        splits: () => wholeSplits(first, last),
        values: (_u, splits) => splits.map(String),
      },
      { ...axis, size: 46, values: (_u, splits) => splits.map((value) => value.toFixed(2)) },
    ],
    series: [
      {},
      ...lines.map((line, i): uPlot.Series => {
        const { className, width, dash } = lineStyle(line, i);
        const stroke = classColour(className, host);
        return {
          label: line.label,
          stroke,
          width,
          dash,
          spanGaps: true,
          points: { show: line.kind !== "zero-shot", size: line.kind === "cohort" ? 7 : 5, fill: stroke, stroke },
        };
      }),
    ],
  };
}

/** A little room above and below, within 0 to 1. */
function padded(_plot: uPlot, least: number, most: number): [number, number] {
  const room = Math.max(0.03, (most - least) * 0.15);
  return [Math.max(0, least - room), Math.min(1, most + room)];
}

function wholeSplits(first: number, last: number): number[] {
  const step = Math.max(1, Math.ceil((last - first) / 10));
  const splits: number[] = [];
  for (let round = first; round <= Math.max(last, first + 1); round += step) splits.push(round);
  return splits;
}

/** The canvas knows no variables: the browser is asked what they stand for. */
function colourOf(colour: string, host: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = colour;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function classColour(className: string, host: HTMLElement): string {
  const probe = document.createElement("span");
  probe.className = className;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
