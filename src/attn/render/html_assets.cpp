#include "attn/render/html_assets.h"

namespace attn {

std::string_view html_style() {
  return R"css(
:root{--bg:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d5dbe1;--card:#f4f6f8;--link:#0b5cad;
  --good:#1a6e2e;--bad:#b3261e}
@media (prefers-color-scheme:dark){
  :root{--bg:#14171b;--ink:#e6e9ec;--soft:#9aa5b1;--line:#343b43;--card:#1d2127;--link:#7cb8f5;
    --good:#7bd88f;--bad:#ff8a80}
}
*{box-sizing:border-box}
html{color-scheme:light dark}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
a{color:var(--link)}
code,pre,table.m,nav{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace}
.skip{position:absolute;left:-999em}
.skip:focus{left:1em;top:1em;background:var(--card);padding:.5em}
header{padding:1.2em 1.5em .8em;border-bottom:1px solid var(--line)}
h1{font-size:1.35em;margin:0;line-height:1.3}
h2{font-size:1.25em;margin:0 0 .2em}
h2 code{font-size:1em}
h2 small,.meta,.facts{color:var(--soft);font-weight:normal}
h2 small{font-size:.7em;margin-left:.6em}
.meta{margin:.2em 0 0;font-size:.9em;overflow-wrap:anywhere}
.layout{display:grid;grid-template-columns:15em minmax(0,1fr);min-height:calc(100vh - 6em)}
nav{border-right:1px solid var(--line);font-size:.82em;padding:1em .5em}
nav ol{list-style:none;margin:0;padding:0;position:sticky;top:1em;max-height:calc(100vh - 2em);
  overflow:auto}
nav a{display:block;padding:.28em .8em;border-radius:6px;text-decoration:none;color:var(--ink);
  overflow-wrap:anywhere}
nav a:hover{background:var(--card)}
nav a[aria-current]{background:var(--link);color:var(--bg)}
nav a.parameter,nav a.input{color:var(--soft)}
nav a[aria-current].parameter,nav a[aria-current].input{color:var(--bg)}
main{padding:1.2em 1.5em 5em;min-width:0}
section{margin:0 0 3em;max-width:none}
.js section{display:none}
.js section.on,.js.all section{display:block}
.formula{margin:.2em 0;font-size:1.05em}
.facts{margin:.2em 0 .6em;font-size:.9em}
.about{max-width:46em;margin:.4em 0 1em}
.blocks{display:flex;flex-wrap:wrap;gap:1.2em 2em;align-items:flex-start}
figure{margin:0;max-width:100%}
figcaption{font-weight:bold;font-size:.85em;margin-bottom:.3em}
.scroll{overflow-x:auto;max-width:100%}
table.m{border-collapse:collapse;font-size:12px;line-height:1.35}
table.m th{font-weight:normal;padding:.15em .45em;white-space:pre;text-align:right;max-width:14em;
  overflow:hidden;text-overflow:ellipsis}
table.m thead th{color:var(--ink)}
table.m .axis{color:var(--soft);text-align:left}
table.m tbody th{position:sticky;left:0;background:var(--bg)}
table.m td{padding:.18em .5em;text-align:right;white-space:pre;color:#000}
table.m td.w{color:#fff}
table.m td.o{color:inherit}
table.m td.x{background:repeating-linear-gradient(45deg,#c8c8c8 0 3px,#999 3px 5px)}
table.m td:hover,svg rect:hover{outline:2px solid var(--ink);outline-offset:-1px}
table.m .hot{color:var(--link);font-weight:bold}
table.t{border-collapse:collapse;font-size:.9em;margin:.5em 0}
table.t th,table.t td{padding:.25em .9em .25em 0;border-bottom:1px solid var(--line);
  text-align:left}
table.t .r{text-align:right;font-variant-numeric:tabular-nums}
pre{background:var(--card);padding:.8em 1em;overflow-x:auto;border-radius:8px;line-height:1.35}
.remark{max-width:46em;white-space:pre-wrap}
.check{max-width:46em}
.check b{color:var(--good)}
.check.no b{color:var(--bad)}
.legend{margin:.8em 0 0}
.note{color:var(--soft);font-size:.9em;margin:.4em 0 0}
.tabs{display:flex;flex-wrap:wrap;gap:.4em;margin:0 0 .8em}
button{font:inherit;font-size:.9em;color:var(--ink);background:var(--card);
  border:1px solid var(--line);border-radius:6px;padding:.25em .8em;cursor:pointer}
button[aria-pressed=true]{background:var(--link);color:var(--bg);border-color:var(--link)}
button:disabled{opacity:.4;cursor:default}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.pager{position:fixed;bottom:0;left:0;right:0;background:var(--card);
  border-top:1px solid var(--line);padding:.5em 1em;display:flex;gap:.6em;align-items:center;
    flex-wrap:wrap}
.pager[hidden]{display:none}
.pager output{color:var(--soft);font-size:.9em;margin-left:auto;overflow-wrap:anywhere}
@media (max-width:720px){
  .layout{display:block}
  nav{border-right:0;border-bottom:1px solid var(--line);padding:.5em}
  nav ol{position:static;max-height:9.5em}
  main{padding:1em 1em 6em}
  header{padding:1em}
  .pager output{flex-basis:100%;margin:0}
}
@media (prefers-reduced-motion:no-preference){
  html{scroll-behavior:smooth}
}
@media print{
  nav,.pager,.tabs{display:none}
  .layout{display:block}
  .js section{display:block}
}
)css";
}

std::string_view html_script() {
  return R"js(
'use strict';
const root = document.documentElement;
const pages = [...document.querySelectorAll('section')];
const links = [...document.querySelectorAll('nav a')];
const pager = document.querySelector('.pager');
const [previous, next, all] = pager.querySelectorAll('button');
const status = pager.querySelector('output');
let current = 0;
root.classList.add('js');
pager.hidden = false;
function show(i, focus) {
  current = Math.max(0, Math.min(pages.length - 1, i));
  pages.forEach((page, k) => page.classList.toggle('on', k === current));
  links.forEach((link, k) => {
    if (k === current) link.setAttribute('aria-current', 'step');
    else link.removeAttribute('aria-current');
  });
  const list = links[current].closest('ol');
  list.scrollTop = links[current].offsetTop - list.offsetTop - list.clientHeight / 2;
  previous.disabled = current === 0;
  next.disabled = current === pages.length - 1;
  status.textContent = current > 0 ? 'step ' + current + ' of ' + (pages.length - 1) : '';
  if (root.classList.contains('all')) pages[current].scrollIntoView();
  else window.scrollTo(0, 0);
  if (focus) pages[current].focus({preventScroll: true});
}
function go(i, focus) {
  show(i, focus);
  history.replaceState(null, '', '#' + pages[current].id);
}
function from_address() {
  const i = pages.findIndex(page => '#' + page.id === location.hash);
  if (i >= 0) show(i, true);
}
previous.addEventListener('click', () => go(current - 1, false));
next.addEventListener('click', () => go(current + 1, false));
all.addEventListener('click', () => {
  const on = root.classList.toggle('all');
  all.setAttribute('aria-pressed', on);
  show(current, false);
});
document.addEventListener('keydown', event => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest('.scroll, .side, select')) return;
  if (event.key === 'ArrowRight') go(current + 1, false);
  else if (event.key === 'ArrowLeft') go(current - 1, false);
  else return;
  event.preventDefault();
});
window.addEventListener('hashchange', from_address);
for (const blocks of document.querySelectorAll('.blocks')) {
  const figures = [...blocks.children];
  if (figures.length < 2) continue;
  const tabs = document.createElement('div');
  tabs.className = 'tabs';
  tabs.setAttribute('role', 'group');
  const choose = chosen => {
    figures.forEach((figure, k) => { figure.hidden = chosen >= 0 && k !== chosen; });
    [...tabs.children].forEach((tab, k) => tab.setAttribute('aria-pressed', k - 1 === chosen));
  };
  ['all', ...figures.map(figure => figure.dataset.title)].forEach((name, k) => {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.textContent = name;
    tab.addEventListener('click', () => choose(k - 1));
    tabs.append(tab);
  });
  blocks.before(tabs);
  choose(-1);
}
let hot = [];
document.addEventListener('mouseover', event => {
  for (const label of hot) label.classList.remove('hot');
  hot = [];
  const cell = event.target.closest('table.m td');
  const rect = event.target.closest('svg rect');
  if (cell) {
    status.textContent = cell.title;
    const head = cell.closest('table').tHead.rows;
    hot = [cell.parentNode.cells[0], head[head.length - 1].cells[cell.cellIndex]].filter(Boolean);
    for (const label of hot) label.classList.add('hot');
  } else if (rect && rect.firstElementChild) {
    status.textContent = rect.firstElementChild.textContent;
  }
});
const start = pages.findIndex(page => '#' + page.id === location.hash);
show(Math.max(start, 0), false);
)js";
}

}  // namespace attn
