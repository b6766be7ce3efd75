/** Le hasard et les départs : reproductibles, et des lois annoncées. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { GRUCell, LSTMCell, MinGRUCell, RNNCell } from "../src/cells.js";
import { chrono_, gaussian, integer, mulberry32, orthogonal_, uniform_ } from "../src/random.js";

test("mulberry32 donne la suite connue de sa graine", () => {
  const random = mulberry32(0);
  const bits = Array.from({ length: 3 }, () => random() * 2 ** 32);
  assert.deepEqual(bits, [1144304738, 1416247, 958946056]);
  assert.throws(() => mulberry32(0.5), /seed : reçu 0.5, attendu un entier/);
});

test("la même graine donne le même départ, une autre non", () => {
  const weights = (seed) => uniform_(new LSTMCell(3, 5), mulberry32(seed)).params.W_h;
  assert.deepEqual(weights(1), weights(1));
  assert.notDeepEqual(weights(1), weights(2));
});

test("la gaussienne a la moyenne, la variance et les queues attendues", () => {
  const random = mulberry32(3);
  const draws = Array.from({ length: 100_000 }, () => gaussian(random));
  const mean = draws.reduce((a, b) => a + b) / draws.length;
  const variance = draws.reduce((a, b) => a + b * b, 0) / draws.length;
  const tail = draws.filter((value) => Math.abs(value) > 1.96).length / draws.length;
  assert.ok(
    Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03 && Math.abs(tail - 0.05) < 0.005,
  );
});

test("les entiers couvrent leur intervalle", () => {
  const random = mulberry32(4);
  const found = new Set(Array.from({ length: 200 }, () => integer(random, 5)));
  assert.deepEqual([...found].sort(), [0, 1, 2, 3, 4]);
});

test("le départ par défaut reste dans ±1/√H, et le remplit", () => {
  const { params } = uniform_(new GRUCell(9, 16), mulberry32(5));
  for (const values of Object.values(params)) {
    assert.ok(values.every((value) => Math.abs(value) <= 0.25));
    assert.ok(Math.max(...values) > 0.15 && Math.min(...values) < -0.15);
  }
});

test("le départ orthogonal l'est, bloc par bloc", () => {
  const H = 12;
  for (const kind of [RNNCell, LSTMCell, GRUCell]) {
    const { W_h } = orthogonal_(new kind(2, H), mulberry32(6)).params;
    for (let place = 0; place < W_h.length; place += H * H)
      for (let i = 0; i < H; i++)
        for (let k = 0; k < H; k++) {
          let sum = 0;
          for (let j = 0; j < H; j++) sum += W_h[place + i * H + j] * W_h[place + k * H + j];
          assert.ok(Math.abs(sum - (i === k ? 1 : 0)) < 1e-14);
        }
  }
  assert.throws(() => orthogonal_(new MinGRUCell(2, 3), mulberry32(6)), /sans W_h/);
});

test("le départ chrono règle les portes sur les durées de la tâche", () => {
  const [H, T_max] = [50, 100];
  const kept = (cell, block, sign) =>
    [...cell.b.subarray(block * H, (block + 1) * H)].map((value) => 1 + Math.exp(sign * value));
  for (const [kind, block, sign] of [
    [LSTMCell, 1, 1],
    [GRUCell, 1, 1],
    [MinGRUCell, 0, -1],
  ]) {
    const durations = kept(chrono_(new kind(2, H), T_max, mulberry32(7)), block, sign);
    assert.ok(durations.every((steps) => steps >= 2 && steps <= T_max));
    assert.ok(Math.min(...durations) < 20 && Math.max(...durations) > 80);
  }
  const { b } = chrono_(new LSTMCell(2, H), T_max, mulberry32(7));
  for (let j = 0; j < H; j++) assert.equal(b[j], -b[H + j]);
  assert.throws(() => chrono_(new RNNCell(2, 3), T_max, mulberry32(7)), /sans porte/);
  assert.throws(() => chrono_(new LSTMCell(2, 3), 2, mulberry32(7)), /T_max : reçu 2/);
});
