// The same rows and events as rows.py.
export const BLOCK = 1000;

const START = Date.UTC(2026, 0, 31, 12);

export const ROWS = Array.from({ length: BLOCK }, (_, id) => ({
  id,
  name: `Item number ${id}`,
  price: Math.round((0.99 + id * 1.37) * 100) / 100,
  // A Date writes milliseconds and a zone, which the others do not.
  created: new Date(START + id * 60_000).toISOString().slice(0, 19),
}));

export async function* rows(count) {
  for (let block = 0; block < count / BLOCK; block++) yield* ROWS;
}

export function serve(server) {
  process.stdin.on('end', () => process.exit(0)).resume();
  server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
}
