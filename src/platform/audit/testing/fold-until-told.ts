/** For tests: a process that folds a data directory until told to stop by the end of its input, then prints its report. */

import { openTrailReader } from '../open-trail-reader.ts';

const reader = openTrailReader(process.argv[2] ?? '');
const total = { folded: 0, skipped: 0 };
function fold(): void {
  const report = reader.fold();
  total.folded += report.folded;
  total.skipped += report.skipped;
}

let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();
process.stdout.write('up\n');
do {
  fold();
  await new Promise((resolve) => setImmediate(resolve));
} while (!ended);
fold();
reader.close();
process.stdout.write(JSON.stringify(total));
