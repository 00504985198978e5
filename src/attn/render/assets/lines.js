{
  const who = document.querySelector('.who');
  const steps = JSON.parse(who.querySelector('script').textContent);
  const select = who.querySelector('select');
  const heads = who.querySelector('.heads');
  const lines = who.querySelector('.lines');
  const svg = lines.querySelector('svg');
  const sides = [...lines.querySelectorAll('.side')];
  const axes = [...lines.querySelectorAll('.who-axis b')];
  const said = who.querySelector('.said');
  const table_of = who.querySelector('.table-of');
  const make = (name, text) => {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  };
  const number = weight => typeof weight === 'number' ? weight.toFixed(4) : weight;
  let step = 0, head = 0, drawn = [], hovered = null, focused = null, pinned = null;
  const words_of = side => side === 0 ? steps[step].rows : steps[step].columns;
  const weight_of = (i, j) => steps[step].heads[head].weights[i][j];
  const button_at = at => sides[at.side].children[at.i].firstElementChild;
  const place_of = target => {
    const button = target instanceof Element && target.closest('.side button');
    if (!button) return null;
    const item = button.parentNode, side = sides.indexOf(item.parentNode);
    return {side, i: [...item.parentNode.children].indexOf(item)};
  };
  // The weights between the word at `at` and each word of the other side.
  const weights_at = at => words_of(1 - at.side).map(
      (word, k) => at.side === 0 ? weight_of(at.i, k) : weight_of(k, at.i));
  function sentence(at) {
    const weights = weights_at(at), words = words_of(1 - at.side);
    const order = weights.map((_, k) => k).sort((a, b) => (weights[b] || 0) - (weights[a] || 0));
    const parts = [make('bdi', words_of(at.side)[at.i]),
                   at.side === 0 ? ' looks at ' : ' is looked at by '];
    order.slice(0, 5).forEach((k, place) => {
      parts.push(place > 0 ? ' · ' : '', make('bdi', words[k]), ' ' + number(weights[k]));
    });
    if (order.length > 5) parts.push(' and ' + (order.length - 5) + ' more');
    if (at.side === 1) {
      parts.push('; together ' + number(weights.reduce((sum, weight) => sum + Number(weight), 0)));
    }
    return [...parts, '.'];
  }
  // The lines and numbers of one word alone, or all lines.
  function spot() {
    const at = hovered || focused || pinned;
    for (const line of drawn) line.element.classList.toggle('off', at && line.at[at.side] !== at.i);
    const weights = at && weights_at(at);
    sides.forEach((list, side) => [...list.children].forEach((item, i) => {
      const button = item.firstElementChild;
      button.lastElementChild.textContent = at && side !== at.side ? number(weights[i]) : '';
      button.classList.toggle('at', Boolean(at) && side === at.side && i === at.i);
      button.setAttribute('aria-pressed',
                          Boolean(pinned) && side === pinned.side && i === pinned.i);
    }));
    said.replaceChildren(...(at ? sentence(at) : [
      'Point at a word to see its lines alone, with their numbers; a click keeps it. ' +
      'With the keyboard: Tab to the words, then the arrow keys.']));
  }
  function draw_lines() {
    drawn = [];
    words_of(0).forEach((row, i) => words_of(1).forEach((column, j) => {
      const weight = weight_of(i, j);
      if (!(weight > 0)) return;
      const element = document.createElementNS(svg.namespaceURI, 'line');
      const numbers = {x1: 0, y1: i + .5, x2: 1, y2: j + .5,
                       'stroke-width': (10 * Math.min(weight, 1)).toFixed(3)};
      for (const name in numbers) element.setAttribute(name, numbers[name]);
      drawn.push({element, at: [i, j]});
    }));
    svg.replaceChildren(...drawn.map(line => line.element));
    spot();
  }
  function choose_head(chosen) {
    head = chosen;
    [...heads.children].forEach((tab, k) => tab.setAttribute('aria-pressed', k === head));
    draw_lines();
  }
  function choose_step(chosen) {
    const word = pinned && words_of(pinned.side)[pinned.i];
    step = chosen;
    if (pinned && words_of(pinned.side)[pinned.i] !== word) pinned = null;
    hovered = focused = null;
    const {path, section, heads: choices} = steps[step];
    steps[step].axes.forEach((name, side) => { axes[side].textContent = name; });
    sides.forEach((list, side) => list.replaceChildren(...words_of(side).map((word, i) => {
      const item = make('li', ''), button = make('button', ''), weight = make('span', '');
      button.type = 'button';
      button.tabIndex = i === 0 ? 0 : -1;
      button.setAttribute('aria-label', steps[step].axes[side] + ' ' + i + ': ' + word);
      weight.className = 'number';
      button.append(make('bdi', word), weight);
      item.append(button);
      return item;
    })));
    const tall = Math.max(words_of(0).length, words_of(1).length);
    lines.style.setProperty('--words', tall);
    svg.setAttribute('viewBox', '0 0 1 ' + tall);
    heads.hidden = choices.length < 2;
    heads.replaceChildren(...choices.map((choice, k) => {
      const tab = make('button', choice.name);
      tab.type = 'button';
      tab.addEventListener('click', () => choose_head(k));
      return tab;
    }));
    const table = make('a', path);
    table.href = '#s' + section;
    table_of.replaceChildren(...(section > 0 ? ['The numbers as a table: ', table] : []));
    choose_head(Math.min(head, choices.length - 1));
  }
  lines.addEventListener('mouseover', event => { hovered = place_of(event.target); spot(); });
  lines.addEventListener('mouseleave', () => { hovered = null; spot(); });
  lines.addEventListener('focusin', event => {
    focused = place_of(event.target);
    // Tab comes back to the word where the arrow keys left the list.
    for (const item of sides[focused.side].children) item.firstElementChild.tabIndex = -1;
    button_at(focused).tabIndex = 0;
    spot();
  });
  lines.addEventListener('focusout', () => { focused = null; spot(); });
  lines.addEventListener('click', event => {
    const at = place_of(event.target);
    if (!at) return;
    pinned = pinned && pinned.side === at.side && pinned.i === at.i ? null : at;
    button_at(at).focus();
    spot();
  });
  lines.addEventListener('keydown', event => {
    const at = place_of(event.target);
    if (!at || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const last = words_of(at.side).length - 1, other = words_of(1 - at.side).length - 1;
    if (event.key === 'ArrowDown') at.i = Math.min(at.i + 1, last);
    else if (event.key === 'ArrowUp') at.i = Math.max(at.i - 1, 0);
    else if (event.key === 'Home') at.i = 0;
    else if (event.key === 'End') at.i = last;
    else if (event.key === (at.side === 0 ? 'ArrowRight' : 'ArrowLeft')) {
      at.side = 1 - at.side;
      at.i = Math.min(at.i, other);
    }
    else if (event.key === 'Escape') pinned = null;
    else return;
    event.preventDefault();
    hovered = null;
    button_at(at).focus();
    spot();
  });
  if (select) select.addEventListener('change', () => choose_step(Number(select.value)));
  who.querySelector('.choose').hidden = steps.length < 2 && steps[0].heads.length < 2;
  choose_step(select ? Number(select.value) : 0);
}
