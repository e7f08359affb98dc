/** The page's one style sheet: light and dark by the reader's system, narrow screens, paper. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b2126;--soft:#59636c;--line:#d5dbe0;--card:#f5f7f9;--accent:#0b62a4;--good:#00714f;--bad:#a8480b;--grid:#e4e9ed}
@media (prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e6eaee;--soft:#a3aeb8;--line:#39424a;--card:#1d2329;--accent:#79b8ee;--good:#5fd0a6;--bad:#f0a36b;--grid:#2a3138}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main,header,footer{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
footer{padding-bottom:2rem;color:var(--soft);font-size:.875rem;border-top:1px solid var(--line);padding-top:1rem;margin-top:2.5rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem}
h3{font-size:1rem;margin:1.5rem 0 .25rem}
p{margin:.5rem 0}
.sub,.note{color:var(--soft)}
.note{font-size:.9rem}
.state{display:inline-block;border:1px solid var(--accent);color:var(--accent);border-radius:1rem;padding:.1rem .75rem;font-weight:600;margin:.75rem 0 0}
.state.good{border-color:var(--good);color:var(--good)}
.summary{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1.25rem;margin:1.25rem 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.5rem 0}
caption{text-align:left;color:var(--soft);font-size:.9rem;padding-bottom:.25rem}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}
td.n,th.n{text-align:right}
td.n,th code{white-space:nowrap}td.n+td:not(.n),th.n+th:not(.n){padding-left:1rem}
.good{color:var(--good)}
.bad{color:var(--bad)}
code{font:.85em ui-monospace,Consolas,monospace;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.3rem 1.25rem;margin:.5rem 0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.chart{display:block;width:100%;height:auto;max-width:38rem}
.chart.square{max-width:28rem}
.chart text{font:12.5px system-ui,sans-serif;fill:var(--soft)}
.chart .axis{fill:var(--ink)}
.grid{stroke:var(--grid)}
.diagonal{stroke:var(--soft);stroke-dasharray:5 4}
.curve{fill:none;stroke:var(--accent);stroke-width:2}
.point{fill:var(--accent)}
.used{fill:none;stroke:var(--good);stroke-width:2.5}
circle.better{fill:var(--good);fill-opacity:.75}
circle.worse{fill:var(--bad);fill-opacity:.75}
circle.equal{fill:var(--soft);fill-opacity:.75}
meter{width:100%;max-width:28rem;height:1.1rem}
.case{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem .75rem;margin:.75rem 0;break-inside:avoid}
.case h4{margin:.1rem 0 .4rem;font-size:1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem}
figure{margin:0;min-width:0}
figure img{display:block;width:100%;max-width:15rem;height:auto;background:#808080}
figcaption{font-size:.85rem;color:var(--soft);margin-top:.2rem}
.swatch{display:inline-block;width:.8em;height:.8em;border-radius:.15em;vertical-align:-.05em}
.swatch.truth{background:#009e73}
.swatch.answer{background:#e69f00}
ul{padding-left:1.25rem;margin:.5rem 0}
@media (max-width:32rem){h1{font-size:1.4rem}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}table{font-size:.85rem}th,td{padding-right:.4rem}td.n .note{white-space:normal;font-size:1em}.tiles{grid-template-columns:1fr 1fr}}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--accent:#0b62a4;--good:#00714f;--bad:#a8480b;--grid:#ddd}body{font-size:10.5pt}h2,h3,h4{break-after:avoid}tr{break-inside:avoid}main,header,footer{max-width:none;padding-left:0;padding-right:0}.wide{overflow:visible}}
`;
