// The same documents as documents.py. A promise runs from when it is made: it waits for the next turn of the loop.
const HOLES = 10;
const ROWS_PER_MB = 10_000;
export const MARK = 'Item ';

const turn = () => new Promise(setImmediate);

const row = (id) => ({
  id,
  name: `${MARK}${id}`,
  price: (id % 1000) + 0.25,
  created: '2026-01-31T12:00:00',
  tags: ['new', 'sale'],
});

async function small(id) {
  await turn();
  return { id, name: `${MARK}${id}` };
}

async function level(id) {
  await turn();
  return { id, name: `${MARK}${id}`, next: id > 1 ? level(id - 1) : null };
}

async function* elements(count) {
  for (let id = 0; id < count; id++) {
    await turn();
    yield { id, name: `${MARK}${id}` };
  }
}

async function* pieces(count) {
  for (let id = 0; id < count; id++) {
    await turn();
    yield MARK;
  }
}

const times = (count, make) => Array.from({ length: count }, (_, id) => make(id));

function within(megabytes) {
  const rows = times(megabytes * ROWS_PER_MB, row);
  for (let id = 0; id < HOLES; id++) rows[(id * rows.length) / HOLES].hole = small(id);
  return { rows };
}

export const DOCUMENTS = {
  wide: (count) => Object.fromEntries(times(count, (id) => [`h${id}`, small(id)])),
  deep: (count) => ({ next: level(count) }),
  beside: (megabytes) =>
    Object.fromEntries(
      times(HOLES, (id) => [
        `s${id}`,
        { rows: times((megabytes * ROWS_PER_MB) / HOLES, row), hole: small(id) },
      ]),
    ),
  within,
  pushes: (count) => ({ list: elements(count) }),
  text: (count) => ({ text: pieces(count) }),
};
