/** The page's style sheet: system fonts, light and dark, print, from 360 px up. */
export const styles = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f6f4; --ink: #1a1a1a; --quiet: #595959; --hairline: #dcdcd8;
  --conv: #000000; --smoothing: #0072b2; --unsharp: #d55e00; --paper-mark: #8a8a8a; --mark: #8f3a72; --link: #005a8d; --shade: rgb(0 0 0 / .38);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --raised: #1d2026; --ink: #ececec; --quiet: #a9adb5; --hairline: #343840;
    --conv: #f2f2f2; --smoothing: #56b4e9; --unsharp: #f58a42; --paper-mark: #9a9ea6; --mark: #e39bc8; --link: #7cc4f0; --shade: rgb(190 205 225 / .5);
  }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --raised: #ffffff; --ink: #000000; --quiet: #444444; --hairline: #cccccc;
    --conv: #000000; --smoothing: #0072b2; --unsharp: #d55e00; --paper-mark: #8a8a8a; --mark: #8f3a72; --link: #000000; --shade: transparent;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
}
.wrap { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; padding: .4rem .8rem; background: var(--ink); color: var(--ground); z-index: 1; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
header { padding: 2rem 0 0; }
.kicker { margin: 0 0 .6rem; color: var(--quiet); font-size: .875rem; }
h1, h2 { line-height: 1.2; text-wrap: balance; letter-spacing: -.012em; }
h1 { font-size: clamp(1.45rem, 1rem + 1.9vw, 2.15rem); margin: 0 0 1rem; max-width: 44ch; font-weight: 680; }
h2 { font-size: 1.4rem; margin: 0 0 .75rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p, li { max-width: 74ch; }
section { padding: 2.25rem 0 .5rem; }
section + section { border-top: 1px solid var(--hairline); margin-top: 1.75rem; }
.answer + .answer { margin-top: 2rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.5rem 0 0; padding: .75rem 0; border-block: 1px solid var(--hairline); font-size: .9375rem; }
.caution { margin: 0 0 1rem; padding: .55rem .9rem; border-left: 3px solid var(--mark); background: var(--raised); }
.caution p { margin: .15rem 0; }
.claims { list-style: none; margin: 0 0 .5rem; padding: 0; display: grid; gap: .25rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); }
.claims li { padding: .5rem 0 .25rem; }
.claims .under { color: var(--quiet); font-size: .875rem; display: block; }
.claims .value { font-size: 1.2rem; font-weight: 640; font-variant-numeric: tabular-nums; display: block; line-height: 1.35; }
.claims .verdict::first-letter { text-transform: uppercase; }
.claims .verdict { color: var(--quiet); font-size: .875rem; display: block; line-height: 1.4; }
.claims .verdict.open { color: var(--mark); }
.question { margin: 0 0 .25rem; font-size: 1.0625rem; color: var(--quiet); }
.first-screen { display: grid; gap: 1rem 2.5rem; align-items: start; }
@media (min-width: 56rem) { .first-screen:has(figure) { grid-template-columns: minmax(0, 32rem) minmax(0, 1fr); } }
.first-screen figure { margin: 0; }
.weight-maps h2, .of-claims h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
.weight-maps p { margin: 0 0 .5rem; }
.sheets { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; }
.sheets > div { flex: 0 1 16rem; min-width: min(100%, 11rem); }
.sheets img { display: block; width: 100%; image-rendering: pixelated; }
.map-scale { display: inline-block; width: 4rem; height: .7em; border: 1px solid var(--hairline); background: linear-gradient(to right, #0072b2, #ffffff, #d55e00); }
.of-claims { margin-top: 2rem; padding-top: 1.5rem; border-top: 1px solid var(--hairline); }
.verdict-columns { display: grid; gap: 1rem 2.5rem; align-items: start; }
@media (min-width: 68rem) { .verdict-columns:has(figure) { grid-template-columns: minmax(0, 1fr) 24rem; } }
.verdict-columns figure { margin: 0; }
.verdicts { list-style: none; margin: 0; padding: 0; }
.verdicts li { max-width: none; padding: .15rem 0 .2rem .75rem; border-left: 3px solid var(--hairline); margin-bottom: .4rem; }
.verdicts li.supported { border-color: var(--ink); }
.verdicts li.contradicted { border-color: var(--mark); }
.verdicts .word { font-weight: 640; }
.verdicts .contradicted .word, td.disagrees { color: var(--mark); }
.verdicts .undecided .word, td.inconclusive { color: var(--quiet); }
.verdicts .statement { display: block; line-height: 1.38; font-size: .9375rem; max-width: 100ch; }
.verdicts .at { color: var(--quiet); white-space: normal; }
.verdicts .why { display: block; font-size: .78125rem; line-height: 1.4; color: var(--quiet); max-width: 110ch; }
.verdicts .figures { color: var(--ink); font-variant-numeric: tabular-nums; }
.silent .verdicts { margin-top: .75rem; }
.comparisons tbody th { font-weight: 400; min-width: 20rem; }
#comparisons details { margin: .35rem 0; }
#comparisons details summary { color: inherit; line-height: 1.45; }
#comparisons details summary b { color: var(--link); }
.group th { padding-top: 1.1rem; font-size: .8125rem; color: var(--quiet); font-weight: 600; }
tbody:first-of-type .group th { padding-top: .5rem; }
.absent th, .absent td { color: var(--quiet); }
figure { margin: 1rem 0 0; }
.panels { display: grid; gap: 1.25rem 1.75rem; align-items: start; }
.panels + .panels { margin-top: 1.25rem; }
.panels.by-1 { grid-template-columns: minmax(0, 1fr); }
.panels.by-3 { grid-template-columns: repeat(auto-fit, minmax(min(100%, 19.5rem), 1fr)); }
.panels.by-2 { grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
.panels.aligned { grid-template-columns: repeat(auto-fill, minmax(min(100%, 19.5rem), 1fr)); }
.panels svg { display: block; width: 100%; height: auto; max-width: 32rem; }
.side-by-side { display: grid; gap: 0 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); }
.side-by-side section { border-top: 0; margin-top: 0; }
figcaption { margin-top: .75rem; font-size: .9375rem; color: var(--quiet); max-width: 78ch; }
figcaption b { color: var(--ink); }
figcaption .sources, p.sources { font-size: .875rem; color: var(--quiet); }
.sources { display: block; margin-top: .25rem; font-size: .875rem; }
code { font: .875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
.scroll {
  /* A shade at the edge behind which there is more: the covers move with the content, the shades stay with the edges. */
  --cover: var(--ground) 35%, transparent;
  overflow-x: auto; margin: 1rem 0 .5rem; scrollbar-width: thin;
  background:
    linear-gradient(to right, var(--cover)) left / 3.5rem 100% local,
    linear-gradient(to left, var(--cover)) right / 3.5rem 100% local,
    linear-gradient(to right, var(--shade), transparent) left / 1.1rem 100% scroll,
    linear-gradient(to left, var(--shade), transparent) right / 1.1rem 100% scroll;
  background-repeat: no-repeat;
}
table { border-collapse: collapse; font-size: .9375rem; font-variant-numeric: tabular-nums; min-width: 100%; }
caption { text-align: left; color: var(--quiet); font-size: .875rem; padding-bottom: .5rem; }
caption span { display: block; max-width: min(100ch, calc(100vw - 2rem)); }
.results th.under::first-letter { text-transform: uppercase; }
th, td { padding: .45rem .55rem; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--hairline); }
th:first-child, td:first-child { padding-left: 0; }
thead th { font-size: .8125rem; font-weight: 600; color: var(--quiet); vertical-align: bottom; line-height: 1.3; border-bottom-color: var(--quiet); }
tbody th { font-weight: 560; min-width: 11rem; }
.results { font-size: .90625rem; }
.results tbody th { white-space: nowrap; }
.results tbody th small { white-space: normal; }
.results :is(th, td):not(:first-child) { padding-inline: .38rem; }
.at { white-space: nowrap; text-transform: none; }
.num { text-align: right; white-space: nowrap; }
thead .num { white-space: normal; }
.results .mean { display: inline-block; min-width: 2.8em; }
.results .sd { display: inline-block; min-width: 3.9em; text-align: left; color: var(--quiet); }
.strong { font-weight: 680; }
.strong .sd { font-weight: 400; }
.outside { color: var(--mark); font-weight: 680; }
small { color: var(--quiet); font-size: .8125rem; font-weight: 400; }
th small, td > small { display: block; }
.small { font-size: .875rem; }
.small td { white-space: nowrap; }
.small td small { display: inline; }
.facts { table-layout: fixed; }
.facts th { width: 34%; min-width: 0; }
.facts td { overflow-wrap: anywhere; }
.key { display: inline-block; width: 1.1rem; height: 0; border-top: 3px solid; margin-right: .5rem; vertical-align: .28em; }
.key.conv { color: var(--conv); } .key.smoothing { color: var(--smoothing); } .key.unsharp { color: var(--unsharp); }
.key.alternating { border-top-style: dashed; }
.grids { display: flex; flex-wrap: wrap; gap: 0 2rem; }
.pictures td:nth-child(2) { width: 6rem; max-width: 6rem; }
.grids .scroll { max-width: 100%; }
.pictures { width: auto; min-width: 0; }
.pictures th, .pictures td { padding: .35rem .75rem .35rem 0; vertical-align: top; border-bottom: 0; }
.pictures thead th { border-bottom: 1px solid var(--quiet); vertical-align: bottom; }
.pictures thead th { max-width: 5.5rem; }
.pictures thead .key { display: block; margin-bottom: .35rem; }
.pictures tbody th { min-width: 7rem; line-height: 1.35; }
.pictures .first > * { border-top: 1px solid var(--hairline); padding-top: .9rem; }
.pictures thead + tbody tr:first-child > * { border-top: 0; }
.pictures img, .no-picture { display: block; width: 5.25rem; image-rendering: pixelated; background: var(--raised); }
.no-picture { height: 5.25rem; padding: .5rem; font-size: .8125rem; color: var(--quiet); border: 1px dashed var(--hairline); }
.looks { width: 5.25rem; }
.colour-bar { display: flex; align-items: center; gap: .5rem; margin: .75rem 0; font-size: .875rem; color: var(--quiet); }
.colour-bar svg { flex: none; width: 10rem; height: 1.25rem; }
.small-pair { display: flex; gap: .25rem; margin-top: .25rem; }
.pictures .small-pair img, .pictures .small-pair .no-picture { width: 2.5rem; height: auto; font-size: .625rem; padding: 0; }
.prediction { display: block; max-width: 5.25rem; font-size: .875rem; line-height: 1.3; }
.wrong { color: var(--mark); font-weight: 600; }
details > summary { cursor: pointer; color: var(--link); }
.damaged li { margin-bottom: .35rem; }
footer { margin-top: 3rem; padding: 1.25rem 0 2.5rem; border-top: 1px solid var(--hairline); color: var(--quiet); font-size: .875rem; }
@media (max-width: 40rem) {
  .wrap { padding: 0 .9rem; }
  header { padding-top: 1.25rem; }
  tbody th { min-width: 8rem; }
  .results tbody th { white-space: normal; }
  .results :is(thead, tbody) tr:not(.group) th:first-child { position: sticky; left: 0; background: var(--ground); }
  .results tr:not(.absent) th small { display: none; }
  .pictures img, .no-picture, .looks { width: 4.5rem; }
  .pictures .small-pair img, .pictures .small-pair .no-picture { width: 2.125rem; }
  .comparisons tbody th { min-width: 13rem; }
  .no-picture { height: 4.5rem; }
}
@media print {
  body { font-size: 10pt; }
  nav, .skip, .sources a, .files { display: none; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  .small td { white-space: normal; }
  .small { font-size: 7pt; }
  details::details-content { content-visibility: visible; height: auto; }
  .panels.by-2, .panels.by-3 { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .pictures img, .no-picture { width: 3.2rem; }
  table { font-size: 8pt; }
}
`;
