/**
 * Ce que les tests Python comparent à PyTorch : lit une demande en JSON sur l'entrée standard, calcule,
 * écrit la réponse en JSON. Une erreur devient `{ "error": message }`.
 */
import { readFileSync } from "node:fs";

import * as cells from "../src/cells.js";
import { Adam, SGD, arraysOf, clipGradNorm } from "../src/optimizers.js";
import { Readout, binaryCrossEntropy, crossEntropy } from "../src/readout.js";
import { decodeWeights, loadWeights } from "../src/weights.js";

const plain = (named) =>
  Object.fromEntries(Object.entries(named).map(([name, values]) => [name, [...values]]));

function fill(params, values) {
  for (const [name, param] of Object.entries(params)) param.set(values[name]);
}

/** Une séquence : aller, retour d'un gradient donné pour chaque état ; tout en (T, B, …). */
function sequence({ kind, dtype, D, H, T, B, weights, x, h, c, dh, dc, first = T }) {
  const cell = new cells[kind](D, H, dtype);
  fill(cell.params, weights);
  const run = cell.newRun(T, B);
  run.x.set(x);
  run.h.set(h);
  run.dh.set(dh);
  if (c) {
    run.c.set(c);
    run.dc.set(dc, T * B * H);
  }
  cell.forward(run, 0, first); // en deux fois : le résultat n'en dépend pas
  cell.forward(run, first, T);
  cell.backward(run);
  const states = { h: run.h, c: run.c, gates: run.gates, dh: run.dh, dc: run.dc, dx: run.dx };
  return { ...plain(states), grads: plain(cell.grads) };
}

/** Une lecture et sa perte : logits, perte, gradients. */
function readout({ dtype, H, K, n, weights, h, y, loss }) {
  const layer = new Readout(H, K, dtype);
  fill(layer.params, weights);
  const rows = Float64Array.from(h);
  const [logits, dlogits, dh] = [layer.newLogits(n), layer.newLogits(n), new Float64Array(n * H)];
  layer.forward(rows, 0, n, logits);
  const value =
    loss === "binaire"
      ? binaryCrossEntropy(logits, y, n, dlogits)
      : crossEntropy(logits, y, n, K, dlogits);
  layer.backward(dlogits, rows, dh, 0, n);
  return { loss: value, ...plain({ logits, dlogits, dh }), grads: plain(layer.grads) };
}

/** Un apprentissage : les gradients, donnés d'avance, sont écrêtés, puis suivis. */
function optimize({ kind, options, params, grads, maxNorm }) {
  const arrays = params.map((values) => Float64Array.from(values));
  const optimizer = kind === "Adam" ? new Adam(arrays, options) : new SGD(arrays, options);
  const norms = [];
  for (const step of grads) {
    const now = step.map((values) => Float64Array.from(values));
    norms.push(clipGradNorm(now, maxNorm));
    optimizer.step(now);
  }
  return { params: arrays.map((values) => [...values]), norms };
}

/** Quelques pas d'Adam sur une cellule et sa lecture ; la suite des pertes. */
function training({ kind, dtype, D, H, K, T, B, weights, steps, x, y, lr, maxNorm }) {
  const [cell, layer] = [new cells[kind](D, H, dtype), new Readout(H, K, dtype)];
  fill(cell.params, weights);
  fill(layer.params, weights);
  const optimizer = new Adam(arraysOf("params", cell, layer), { lr });
  const [run, logits, dlogits] = [cell.newRun(T, B), layer.newLogits(B), layer.newLogits(B)];
  const losses = [];
  for (let step = 0; step < steps; step++) {
    run.x.set(x[step]);
    cell.forward(run);
    layer.forward(run.h, T * B, B, logits);
    losses.push(crossEntropy(logits, y[step], B, K, dlogits));
    run.clearGradients();
    cell.zeroGrad();
    layer.zeroGrad();
    layer.backward(dlogits, run.h, run.dh, T * B, B);
    cell.backward(run);
    const grads = arraysOf("grads", cell, layer);
    clipGradNorm(grads, maxNorm);
    optimizer.step(grads);
  }
  return { losses };
}

function decode({ exported, cell }) {
  const { weights, shapes, symbols, seed } = decodeWeights(exported);
  if (cell) {
    const [kind, D, H] = cell;
    loadWeights(new cells[kind](D, H), { weights, shapes, symbols, seed });
  }
  return { weights: plain(weights), shapes, symbols, seed };
}

const tasks = { sequence, readout, optimize, training, decode };
const requests = JSON.parse(readFileSync(0, "utf-8"));
const answers = requests.map((request) => {
  try {
    return tasks[request.task](request);
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
