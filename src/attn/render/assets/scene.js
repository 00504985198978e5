{
  const scene = document.querySelector('.scene');
  const steps = JSON.parse(scene.querySelector('script').textContent);
  const svg = scene.querySelector('svg'), said = scene.querySelector('.said');
  const squares = [...svg.querySelectorAll('rect:not(.at)')], mark = svg.querySelector('.at');
  const side = Number(svg.dataset.side), columns = svg.viewBox.baseVal.width / side;
  const [matrix, head] = scene.querySelectorAll('select');
  let at = Number(svg.dataset.at);
  const name = patch => Math.floor(patch / columns) + ',' + patch % columns;
  const fill = (select, names) => select.replaceChildren(...names.map(text => new Option(text)));
  function draw() {
    const {light, weights} = steps[matrix.selectedIndex].heads[head.selectedIndex];
    squares.forEach((square, patch) => {
      square.setAttribute('fill-opacity', (0.92 * (1 - light[at][patch])).toFixed(3));
    });
    mark.setAttribute('x', at % columns * side);
    mark.setAttribute('y', Math.floor(at / columns) * side);
    const order = light[at].map((_, patch) => patch).sort((a, b) => light[at][b] - light[at][a]);
    said.textContent = 'Patch ' + name(at) + ' looks most at ' + order.slice(0, 4).map(
        patch => name(patch) + ' (' + (light[at][patch] * weights[at]).toFixed(4) + ')').join(', ') +
        '.';
  }
  function choose() {
    const before = Math.max(head.selectedIndex, 0), heads = steps[matrix.selectedIndex].heads;
    fill(head, heads.map(one => one.name));
    head.selectedIndex = Math.min(before, heads.length - 1);
    draw();
  }
  svg.addEventListener('mousemove', event => {
    const patch = squares.indexOf(event.target);
    if (patch < 0 || patch === at) return;
    at = patch;
    draw();
  });
  svg.addEventListener('keydown', event => {
    const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns}[event.key];
    if (!step || !squares[at + step]) return;
    event.preventDefault();
    at += step;
    draw();
  });
  matrix.addEventListener('change', choose);
  head.addEventListener('change', draw);
  fill(matrix, steps.map(one => one.name));
  scene.querySelector('.choose').hidden = steps.length < 2 && steps[0].heads.length < 2;
  choose();
}
