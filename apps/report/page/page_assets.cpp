#include "apps/report/page/page_assets.hpp"

namespace millrace::report {

const std::string_view page_style = R"css(
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --line: #e3e6eb; --text: #1b2330; --soft: #66707f;
  --good: #12804a; --good-soft: #e2f4ea; --bad: #c62f35; --bad-soft: #fdeaea; --faint: #a4adba;
  --c0: #2f6fde; --c1: #e0731d; --c2: #0f9a8f; --c3: #9a55cf; --c4: #c29a0b;
  --c5: #d1497f; --c6: #5b8c2a; --c7: #3aa0c9; --c8: #8a6d4f; --c9: #6b73d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a202a; --line: #2c3441; --text: #e6eaf0; --soft: #95a0b0;
    --good: #45c486; --good-soft: #15352a; --bad: #ff757a; --bad-soft: #402226; --faint: #667082;
    --c0: #6aa2ff; --c1: #ff9d52; --c2: #37c8ba; --c3: #c28bf0; --c4: #e6c243;
    --c5: #f27fae; --c6: #95c45f; --c7: #6ecbef; --c8: #bfa184; --c9: #9aa2f5;
  }
}
.c0 { --it: var(--c0) } .c1 { --it: var(--c1) } .c2 { --it: var(--c2) } .c3 { --it: var(--c3) }
.c4 { --it: var(--c4) } .c5 { --it: var(--c5) } .c6 { --it: var(--c6) } .c7 { --it: var(--c7) }
.c8 { --it: var(--c8) } .c9 { --it: var(--c9) }
.good { --it: var(--good) } .bad { --it: var(--bad) } .faint { --it: var(--faint) }
* { box-sizing: border-box }
body {
  margin: 0 auto; padding: 24px 20px 40px; max-width: 1320px; background: var(--page);
  color: var(--text); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, ul, figure, dl, dd { margin: 0; padding: 0 }
h1 { font-size: 24px; line-height: 1.25; letter-spacing: -.01em }
h2 { font-size: 18px; margin: 32px 0 12px }
h3 { font-size: 16px }
code { font: .93em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px;
  min-width: 0;
}
.head { display: flex; gap: 20px; align-items: center; flex-wrap: wrap; padding: 20px }
.head div { flex: 1 1 320px }
.head p { color: var(--soft); margin-top: 4px }
.badge {
  font-size: 30px; font-weight: 750; letter-spacing: .04em; padding: 8px 22px; border-radius: 8px;
}
.pass .badge { background: var(--good-soft); color: var(--good) }
.fail .badge { background: var(--bad-soft); color: var(--bad) }
.head.pass { border-left: 5px solid var(--good) }
.head.fail { border-left: 5px solid var(--bad) }
.head .broken, .broken { color: var(--bad); font-weight: 600 }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px;
  margin: 12px 0;
}
.tiles div { padding: 12px 16px }
.tiles dt { color: var(--soft); font-size: 13px }
.tiles dd { font-size: 21px; font-weight: 650; letter-spacing: -.01em; white-space: nowrap }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 12px }
.chart figcaption { display: flex; gap: 0 10px; align-items: baseline; flex-wrap: wrap }
.chart figcaption p { color: var(--soft); font-size: 13px }
.chart { display: flex; flex-direction: column }
.legend {
  list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px;
  color: var(--soft); margin: 6px 0 10px; flex: 1; align-content: start;
}
.legend li { display: flex; align-items: center; gap: 6px }
.legend i { width: 11px; height: 11px; border-radius: 3px; background: var(--it) }
.legend i.dash { width: 0; border-radius: 0; background: none; border-left: 2px dashed var(--it) }
.plot { display: grid; grid-template: 220px 24px / 58px 1fr; padding-right: 14px }
.y, .x, .area { position: relative }
.x { grid-column: 2 }
.y span, .x span { position: absolute; font-size: 12px; color: var(--soft); white-space: nowrap }
.y span { right: 8px; transform: translateY(50%) }
.x span { top: 6px; transform: translateX(-50%) }
.x span.end { transform: translateX(calc(14px - 100%)) }
svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible }
path { vector-effect: non-scaling-stroke; fill: none }
.grid { stroke: var(--line); stroke-width: 1 }
.line { stroke: var(--it); stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round }
.tint { fill: var(--it); opacity: .13 }
.layer { fill: var(--it); stroke: var(--card); stroke-width: .6; opacity: .88 }
.layer ~ .band { fill: var(--card); opacity: .28 }
.layer ~ .grid { stroke: var(--text); opacity: .1 }
.mark { stroke: var(--bad); stroke-width: 1.4; stroke-dasharray: 4 4; opacity: .8 }
.band { fill: var(--bad); opacity: .09 }
.rule {
  position: absolute; top: 0; bottom: 0; border-left: 1px solid var(--soft); display: none;
  pointer-events: none;
}
.tip {
  position: absolute; top: 6px; display: none; z-index: 1; pointer-events: none; font-size: 12.5px;
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px;
  box-shadow: 0 4px 14px #0003; white-space: nowrap;
}
.tip b { display: block; font-weight: 600; margin-bottom: 2px }
.tip span { display: flex; gap: 8px; justify-content: space-between }
.tip span::before {
  content: ""; width: 9px; height: 9px; border-radius: 2px; background: var(--it);
  align-self: center;
}
.tip em { font-style: normal; flex: 1; color: var(--soft) }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 12px; align-items: start }
.tables .wide { grid-column: 1 / -1 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
tr:last-child td { border-bottom: 0 }
th { color: var(--soft); font-weight: 500; font-size: 13px }
.n { text-align: right; white-space: nowrap }
td:last-child, th:last-child { padding-right: 0 }
.card h3 + .scroll { margin-top: 8px }
.invariants td:first-child { width: 90px }
.held { color: var(--good); font-weight: 650; white-space: nowrap }
.not { color: var(--bad); font-weight: 650; white-space: nowrap }
.bar { width: 45% }
.bar i { display: block; height: 10px; margin-top: 5px; border-radius: 3px; background: var(--it); min-width: 2px }
footer { color: var(--soft); margin-top: 24px; font-size: 13.5px }
@media (max-width: 620px) {
  body { padding: 12px 10px 24px }
  h1 { font-size: 20px }
  .card { padding: 14px }
  .x .minor { display: none }
  .plot { grid-template-columns: 52px 1fr }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px }
  .tiles dd { font-size: 19px }
  th, td { padding-right: 10px }
}
@media print { body { background: none } .card { break-inside: avoid } }
)css";

const std::string_view page_script = R"js(
for (const chart of document.querySelectorAll(".chart")) {
  const data = JSON.parse(chart.querySelector("script").textContent);
  const area = chart.querySelector(".area");
  const rule = area.querySelector(".rule");
  const tip = area.querySelector(".tip");
  const hide = () => { rule.style.display = tip.style.display = "none"; };
  const line = (series, value) => {
    const row = document.createElement("span");
    row.className = series.color;
    const name = document.createElement("em");
    name.textContent = series.name;
    row.append(name, value);
    return row;
  };
  const show = (event) => {
    const box = area.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    let near = 0;
    data.at.forEach((at, i) => {
      if (Math.abs(at - share) < Math.abs(data.at[near] - share)) near = i;
    });
    const at = data.at[near];
    const head = document.createElement("b");
    head.textContent = data.x[near];
    tip.replaceChildren(head, ...data.series.filter((s) => s.values[near])
      .map((s) => line(s, s.values[near])));
    rule.style.display = tip.style.display = "block";
    rule.style.left = 100 * at + "%";
    const left = at < 0.5 ? at * box.width + 12 : at * box.width - tip.offsetWidth - 12;
    tip.style.left = Math.max(-50, Math.min(left, box.width - tip.offsetWidth + 14)) + "px";
  };
  area.addEventListener("pointermove", show);
  area.addEventListener("pointerdown", show);
  area.addEventListener("pointerleave", hide);
}
)js";

}  // namespace millrace::report
