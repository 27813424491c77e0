/** The one stylesheet of the pages for people: light and dark, from a phone to a wide screen, without a script. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f2f4f6; --card: #ffffff; --text: #191d21; --soft: #5a646e; --line: #d3d9df; --edge: #88929c;
  --accent: #1d5c96; --on-accent: #ffffff; --accent-more: #174a79; --field: #ffffff;
  --bad: #a3231b; --bad-ground: #fdeeec; --good: #1c6b3c; --good-ground: #eaf6ee;
  --warn: #7a4b00; --warn-ground: #fdf3dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121517; --card: #1b1f23; --text: #e7eaed; --soft: #a1abb5; --line: #353c43; --edge: #76808a;
    --accent: #5ba4e6; --on-accent: #0c1a26; --accent-more: #82bbee; --field: #14181b;
    --bad: #ff9d92; --bad-ground: #3a1d1a; --good: #8fd8a9; --good-ground: #17301f;
    --warn: #f2c46d; --warn-ground: #33270f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; padding: 2.5rem 1rem; min-height: 100vh; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 25rem; margin: 0 auto; }
main.wide { max-width: 44rem; }
.brand { display: flex; align-items: center; justify-content: center; gap: .6rem; margin: 1rem 0 1.5rem; font-weight: 650; font-size: 1.15rem; }
.brand svg { width: 1.8rem; height: 1.8rem; color: var(--accent); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.75rem; margin-bottom: 1.25rem; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 1.1rem; }
h1, h2, p, dd, label, button, .button, .soft { overflow-wrap: anywhere; }
strong, .name { unicode-bidi: isolate; }
h2 { font-size: 1.05rem; margin: 0 0 .9rem; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); font-size: .92rem; }
.card > :last-child, form > :last-child { margin-bottom: 0; }
label { display: block; font-weight: 600; font-size: .92rem; margin-bottom: .3rem; }
input {
  width: 100%; font: inherit; color: inherit; background: var(--field); border: 1px solid var(--edge);
  border-radius: .45rem; padding: .6rem .75rem; margin-bottom: 1rem; min-height: 2.85rem;
}
select {
  width: 100%; font: inherit; color: inherit; background: var(--field); border: 1px solid var(--edge);
  border-radius: .45rem; padding: .6rem .75rem; margin-bottom: 1rem; min-height: 2.85rem;
}
input[type=checkbox] { width: 1.15rem; height: 1.15rem; min-height: 0; margin: .15rem 0 0; flex: none; accent-color: var(--accent); }
label.check { display: flex; gap: .6rem; align-items: flex-start; font-weight: 400; margin-bottom: 1.1rem; }
input[readonly] { background: var(--ground); color: var(--soft); border-color: var(--line); }
.hint { color: var(--soft); font-size: .88rem; margin: -.6rem 0 1rem; }
button, .button {
  display: block; width: 100%; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
  border: 1px solid var(--accent); border-radius: .45rem; padding: .6rem 1rem; min-height: 2.85rem;
  background: var(--accent); color: var(--on-accent);
}
button:hover, .button:hover { background: var(--accent-more); border-color: var(--accent-more); }
.quiet { background: transparent; color: var(--text); border-color: var(--edge); }
.quiet:hover { background: var(--ground); border-color: var(--soft); }
.small { display: inline-block; width: auto; min-height: 2.4rem; padding: .35rem .9rem; font-size: .92rem; }
:is(input, select, button, .button, a):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.ways { display: grid; gap: .7rem; }
.or { display: flex; align-items: center; gap: .8rem; color: var(--soft); font-size: .9rem; margin: 1.3rem 0; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.note { border-radius: .45rem; padding: .7rem .9rem; margin: 0 0 1.2rem; font-size: .95rem; }
.bad { background: var(--bad-ground); color: var(--bad); }
.good { background: var(--good-ground); color: var(--good); }
.warn { background: var(--warn-ground); color: var(--warn); }
.consent .name { overflow-wrap: anywhere; }
.consent dl { display: grid; grid-template-columns: max-content 1fr; gap: .7rem 1.1rem; margin: 0 0 1.4rem; }
.consent dt { color: var(--soft); font-size: .92rem; }
.consent dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.consent dd ul { margin: 0; padding-left: 1.1rem; }
.two { grid-template-columns: 1fr 1fr; }
.foot { text-align: center; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
a { color: var(--accent); }
.head { display: flex; flex-wrap: wrap; gap: .8rem; justify-content: space-between; align-items: flex-start; }
.head h1 { margin-bottom: .2rem; overflow-wrap: anywhere; }
.head p { margin: 0; }
ul.list { list-style: none; margin: 0 0 1.2rem; padding: 0; }
ul.list li { display: flex; gap: 1rem; justify-content: space-between; align-items: center; padding: .8rem 0; border-top: 1px solid var(--line); }
ul.list li:first-child { border-top: 0; padding-top: 0; }
ul.list li:last-child { padding-bottom: 0; }
ul.list li > div { min-width: 0; }
ul.list li > :is(a, form) { flex: none; }
ul.list strong { font-weight: 600; overflow-wrap: anywhere; }
.tag { display: inline-block; font-size: .78rem; font-weight: 600; color: var(--good); background: var(--good-ground); border-radius: .3rem; padding: .05rem .45rem; margin-left: .35rem; white-space: nowrap; }
.tag.plain { color: var(--soft); background: var(--ground); }
.tag.alarm { color: var(--bad); background: var(--bad-ground); }
.head h2 { margin: 0; overflow-wrap: anywhere; }
.facts { margin: .6rem 0 1.2rem; font-size: .92rem; }
.facts div { display: flex; gap: .8rem; padding: .15rem 0; }
.facts dt { flex: 0 0 7rem; color: var(--soft); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: .7rem; }
a.small { display: inline-flex; align-items: center; }
@media (min-width: 34rem) { .narrow { max-width: 22rem; } body { padding-top: 8vh; } }
@media (max-width: 27rem) { body { padding: 1rem .75rem; } .card { padding: 1.25rem; } .consent dl { grid-template-columns: 1fr; gap: .15rem; } .consent dd { margin-bottom: .7rem; } }
`;
