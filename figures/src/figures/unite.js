/* Une unité : h_t = tanh(W_h h_{t-1} + b + x_t). À gauche son chemin, à droite l'influence de h_0 sur h_t. */

import { colour, french, panels, path, Plot, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";

const HEIGHT = 280;
const [LOWEST, HIGHEST] = [1e-16, 1e8]; // au-delà, la courbe suit le bord

/** Les états, les pentes et l'influence |∂h_t/∂h_0|, avec les bornes que donnent |W_h| et la plus petite pente.
 * @param {{w: number, b: number, h0: number, noise: number, draw: number}} state @param {{draws: number[][]}} data */
export function compute({ w, b, h0, noise, draw }, { draws }) {
  const x = draws[draw % draws.length].map((value) => noise * value);
  const h = [h0];
  const influence = [1];
  const slopes = [];
  for (let t = 1; t <= x.length; t++) {
    h.push(Math.tanh(w * h[t - 1] + b + x[t - 1]));
    slopes.push(1 - h[t] ** 2);
    influence.push(influence[t - 1] * Math.abs(w) * slopes[t - 1]);
  }
  const least = Math.min(...slopes);
  const upper = h.map((_, t) => Math.abs(w) ** t);
  const lower = h.map((_, t) => (Math.abs(w) * least) ** t);
  return { x, h, slopes, influence, upper, lower };
}

/** @typedef {ReturnType<typeof compute>} Values */

/** @param {import("../frame.js").Surface} surface @param {any} state @param {Values} values */
function draw({ node, width, resize }, state, values) {
  const { boxes, height } = panels(width, 2, HEIGHT);
  resize(height);
  node.replaceChildren(cobweb(boxes[0], state, values), influence(boxes[1], values));
}

/** Le chemin de l'état : de la courbe à la diagonale, de la diagonale à la courbe.
 * @param {import("../draw.js").Box} box @param {{w: number, b: number}} state @param {Values} values */
function cobweb(box, { w, b }, { h }) {
  const plot = new Plot(box, {
    x: [-1.15, 1.15],
    y: [-1.15, 1.15],
    xLabel: "état précédent",
    yLabel: "état suivant",
  });
  const inputs = Array.from({ length: 93 }, (_, k) => -1.15 + k * 0.025);
  plot.line([-1.15, 1.15], [-1.15, 1.15], { role: "neutral", "stroke-width": 1 });
  plot.line(inputs, inputs.map((value) => Math.tanh(w * value + b)), {role: "input"}); // prettier-ignore
  const [xs, ys] = [[h[0]], [h[0]]];
  for (let t = 1; t < h.length; t++) {
    xs.push(h[t - 1], h[t]);
    ys.push(h[t], h[t]);
  }
  plot.line(xs, ys, { role: "hidden", "stroke-width": 1.2 });
  plot.dot(h[0], h[0], { role: "hidden", r: 5 });
  const end = h[h.length - 1];
  plot.dot(end, end, { role: "paper", r: 5, stroke: colour("hidden"), "stroke-width": 2.5 });
  plot.text(h[0], h[0], "départ", { role: "hidden", "text-anchor": "end", dx: -9, dy: -5 });
  plot.text(end, end, "arrivée", {
    role: "hidden",
    "text-anchor": end > 0.4 ? "end" : "start",
    dx: end > 0.4 ? -9 : 9,
    dy: 18,
  });
  return plot.node;
}

/** L'influence contre le nombre de pas, entre ses deux bornes.
 * @param {import("../draw.js").Box} box @param {Values} values */
function influence(box, { influence, upper, lower }) {
  const T = influence.length - 1;
  const options = { yLog: true, xLabel: "nombre de pas", yLabel: "influence de l’état initial" };
  const plot = new Plot(box, {
    x: [0, T],
    y: [LOWEST, HIGHEST],
    margins: { left: 58 },
    ...options,
  });
  const steps = influence.map((_, t) => t);
  const clamp = (/** @type {number[]} */ values) =>
    values.map((value) => Math.min(HIGHEST, Math.max(LOWEST, value)));
  const ends = [...clamp(upper), ...clamp(lower).reverse()].map((value) => plot.y.at(value));
  const places = [...steps, ...steps.toReversed()].map((t) => plot.x.at(t));
  plot.content.append(
    svg("path", { d: `${path(places, ends)}Z`, fill: colour("neutral"), "fill-opacity": 0.12 }),
  );
  plot.line([0, T], [1, 1], { role: "neutral", "stroke-width": 1, "stroke-dasharray": "3 3" });
  plot.line(steps, clamp(influence), { role: "gradient", "stroke-width": 2.5 });
  return plot.node;
}

/** @param {{w: number, b: number}} state @param {Values} values */
function say({ w, b }, { h, influence, slopes }) {
  const last = influence[influence.length - 1];
  const verdict =
    last > 10
      ? "elle s’amplifie"
      : last >= 0.1
        ? "elle se conserve"
        : last > 1e-4
          ? "elle s’affaiblit"
          : "elle a disparu";
  const saturated = slopes.filter((slope) => slope < 0.05).length;
  const note =
    saturated > slopes.length / 2
      ? ` L’unité est saturée ${saturated} pas sur ${slopes.length}.`
      : "";
  return `Wₕ = ${french(w)}, b = ${french(b)} : en ${influence.length - 1} pas, l’influence de l’état initial devient ${french(last, 2)}, ${verdict} ; l’état finit à ${french(h[h.length - 1], 2)}.${note}`;
}

/** @param {Values} values */
const within = ({ influence }) => influence.every((value) => value >= 0.1 && value <= 10);

/** @type {import("../frame.js").Spec} */
export const spec = {
  name: "unite",
  title: "Une unité récurrente, son état et l’influence de son passé",
  hidden: { draw: 0 },
  controls: [
    { key: "w", label: "poids Wₕ", min: -3, max: 3, step: 0.005, digits: 4, value: 1.8 },
    { key: "b", label: "biais b", min: -1, max: 1, step: 0.001, value: -0.1 },
    { key: "h0", label: "état initial h₀", min: -1, max: 1, step: 0.05, value: 1 },
    { key: "noise", label: "bruit d’entrée", min: 0, max: 1, step: 0.05, value: 0 },
    {
      key: "new",
      label: "Nouveau tirage",
      kind: "button",
      press: (state) => void (state.draw += 1),
    },
  ],
  missions: [
    {
      text: "Gardez l’influence entre 0,1 et 10 pendant les cinquante pas.",
      done: (_, values) => within(values),
    },
    {
      text: "Trouvez la falaise : une influence finale de plus de 100.",
      done: (_, { influence }) => influence[influence.length - 1] > 100,
    },
    {
      text: "Saturez l’unité : moins de 10⁻¹² d’influence dès le dixième pas.",
      done: (_, { influence }) => influence[10] < 1e-12,
    },
  ],
  check({ draws }) {
    const rows =
      Array.isArray(draws) &&
      draws.length > 0 &&
      draws.every((row) => row.length === draws[0].length);
    if (!rows) throw new FigureError("il faut des tirages de même longueur");
  },
  compute,
  draw,
  say,
};

export const render = figure(spec);
