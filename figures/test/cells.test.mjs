/** Ce que les cellules ont en commun ; leurs nombres sont comparés à PyTorch par tests/test_figures_js.py. */
import assert from "node:assert/strict";
import { test } from "node:test";

import * as cells from "../src/cells.js";
import { clipGradNorm } from "../src/optimizers.js";
import { gaussian, mulberry32, uniform_ } from "../src/random.js";

/** Une cellule et une séquence tirées au hasard. */
function drawn(kind, [D, H, T, B]) {
  const random = mulberry32(1);
  const cell = uniform_(new cells[kind](D, H), random);
  const run = cell.newRun(T, B);
  for (const array of [run.x, run.dh]) array.forEach((_, k) => (array[k] = gaussian(random)));
  return { cell, run };
}

for (const kind of Object.keys(cells)) {
  test(`${kind} : une fenêtre, puis la suivante, donnent la séquence entière`, () => {
    const { cell, run } = drawn(kind, [3, 5, 20, 2]);
    cell.forward(run);
    const half = cell.newRun(10, 2);
    half.x.set(run.x.subarray(0, half.x.length));
    cell.forward(half);
    half.carry();
    half.x.set(run.x.subarray(half.x.length));
    cell.forward(half);
    assert.deepEqual(half.h.slice(10), run.h.slice(11 * 10));
  });

  test(`${kind} : le retour d'un début de séquence est celui d'une séquence plus courte`, () => {
    const { cell, run } = drawn(kind, [3, 5, 20, 1]);
    const short = cell.newRun(8, 1);
    short.x.set(run.x.subarray(0, short.x.length));
    short.dh.set(run.dh.subarray(0, short.dh.length));
    for (const one of [run, short]) cell.forward(one);
    cell.backward(run, { length: 8, weights: false });
    assert.ok(Object.values(cell.grads).every((grad) => grad.every((value) => value === 0)));
    cell.backward(short);
    assert.deepEqual(run.dx.subarray(0, short.dx.length), short.dx);
    assert.deepEqual(run.dh.slice(0, 5), short.dh.slice(0, 5));
    assert.ok(run.dx.subarray(short.dx.length).every((value) => value === 0));
  });

  test(`${kind} : les gradients des poids s'ajoutent, jusqu'à zeroGrad`, () => {
    const { cell, run } = drawn(kind, [2, 4, 6, 3]);
    const dh = run.dh.slice();
    cell.forward(run);
    cell.backward(run);
    const once = cell.grads.W_x.slice();
    run.clearGradients();
    run.dh.set(dh);
    cell.backward(run);
    cell.grads.W_x.forEach((value, k) => assert.ok(Math.abs(value - 2 * once[k]) < 1e-12));
    cell.zeroGrad();
    assert.ok(cell.grads.W_x.every((value) => value === 0));
  });
}

test("une taille ou un type qui ne vont pas sont refusés", () => {
  assert.throws(() => new cells.RNNCell(0, 3), /inputSize : reçu 0, attendu un entier/);
  assert.throws(() => new cells.RNNCell(2, 1.5), /hiddenSize : reçu 1.5/);
  assert.throws(() => new cells.RNNCell(2, 3, "float16"), /dtype : reçu float16/);
  assert.throws(() => new cells.RNNCell(2, 3).newRun(0), /T : reçu 0/);
  assert.throws(() => clipGradNorm([], 0), /maxNorm : reçu 0/);
});
