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
