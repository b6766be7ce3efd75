/** Combien de millisecondes prend un aller, puis un retour : `node test/bench.mjs [float32]`. */
import * as cells from "../src/cells.js";
import { gaussian, mulberry32, uniform_ } from "../src/random.js";

/** La meilleure mesure d'un aller, et d'un retour : une machine occupée ne l'allonge pas. */
function measure(kind, dtype, [D, H, B, T]) {
  const random = mulberry32(0);
  const cell = uniform_(new cells[kind](D, H, dtype), random);
  const run = cell.newRun(T, B);
  for (let k = 0; k < run.x.length; k++) run.x[k] = gaussian(random);
  const times = [];
  for (let trial = 0; trial < 150; trial++) {
    const start = performance.now();
    cell.forward(run);
    const middle = performance.now();
    run.clearGradients();
    cell.zeroGrad();
    run.dh.fill(1, T * B * H);
    cell.backward(run);
    times.push([middle - start, performance.now() - middle]);
  }
  const best = (part) => Math.min(...times.map((row) => row[part])).toFixed(2);
  return `${best(0)} + ${best(1)}`;
}

const dtype = process.argv[2] ?? "float64";
for (const sizes of [
  [64, 64, 1, 200],
  [8, 16, 32, 20],
]) {
  const [D, H, B, T] = sizes;
  for (const kind of Object.keys(cells))
    console.log(
      `${kind} ${dtype}, D = ${D}, H = ${H}, B = ${B}, T = ${T} : ${measure(kind, dtype, sizes)} ms`,
    );
}
