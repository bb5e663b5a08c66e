// What the pages do better with a script; each of them works without.

// Arrow keys walk a calendar, and Tab passes it in one step instead of thousands.
for (const calendar of document.querySelectorAll('[data-calendar]')) {
  const rows = [...calendar.querySelectorAll('tbody tr')].map((row) => [...row.querySelectorAll('td')]);
  const links = [...calendar.querySelectorAll('td a')];
  let current = calendar.querySelector('td a[data-first]') ?? links.at(-1);
  for (const link of links) link.tabIndex = link === current ? 0 : -1;
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  calendar.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    const cell = event.target.closest('td');
    if (move === undefined || cell === null || event.ctrlKey || event.metaKey || event.altKey) return;
    let row = rows.findIndex((cells) => cells.includes(cell));
    let column = rows[row].indexOf(cell);
    for (;;) {
      row += move[0];
      column += move[1];
      const next = rows[row]?.[column];
      if (next === undefined) return;
      const link = next.querySelector('a');
      if (link === null) continue;
      event.preventDefault();
      current.tabIndex = -1;
      current = link;
      current.tabIndex = 0;
      current.focus();
      return;
    }
  });
}

// While a job runs its page comes again, unless somebody is about to do something on it.
const live = document.querySelector('[data-refresh]');
if (live !== null) {
  const again = () => {
    const isBusy = document.querySelector(':popover-open, form :focus') !== null || document.hidden;
    if (isBusy) setTimeout(again, 1000);
    else location.reload();
  };
  setTimeout(again, Number(live.dataset.refresh) * 1000);
}

// A form is sent once.
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener('submit', () => {
    for (const button of form.querySelectorAll('button')) setTimeout(() => (button.disabled = true));
  });
}
