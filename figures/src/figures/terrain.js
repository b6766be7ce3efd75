/* Le terrain : entraîner trois réseaux dans la page, et regarder ce qu'ils font de leur état.
 *
 * En haut, justesse et perte des trois graines ; en bas, une séquence du test telle que la lit le réseau choisi,
 * ses états, ses portes, et ce qui reste du gradient à mesure que l'on remonte le temps. */

import { colour, french, panels, Plot, svg } from "../draw.js";
import { figure, FigureError } from "../frame.js";
import { mulberry32 } from "../random.js";
import { answered, CLASSES, counting, EASY, echo, NORMAL, sample, SYMBOLS } from "../tasks.js";
import { EVERY, hasStart, Learner, Net, Session } from "../training.js";
import { decodeWeights, loadWeights } from "../weights.js";

/** @typedef {import("../draw.js").Box} Box */
/** @typedef {import("../tasks.js").Task} Task */
/** @typedef {import("../training.js").Kind} Kind */
/** @typedef {{steps: ArrayLike<number>, losses: ArrayLike<number>, accuracy: ArrayLike<number>}} History */
/** @typedef {{seed: number, lost: boolean, loss: number} & History} Trace */

/** @type {Record<string, {task: Task, label: string, name: string}>} */
export const TASKS = {
  parite: { task: counting(2, 16), label: "parité de 16 bits", name: "Parité" },
  echo: { task: echo(6, 24), label: "écho, 6 pas plus tard", name: "Écho" },
  easy: { task: EASY, label: "ordre temporel EASY", name: "EASY" },
  normal: { task: NORMAL, label: "ordre temporel NORMAL", name: "NORMAL" },
};
/** Par cellule, son nom, et ses portes : bloc, nom, couleur. @type {Record<string, {label: string, gates: [number, string, string][]}>} */
const CELLS = {
  rnn: { label: "RNN", gates: [] },
  lstm: {
    label: "LSTM",
    gates: [
      [0, "i écrit", "input_gate"],
      [1, "f garde", "forget"],
      [3, "o montre", "output_gate"],
    ],
  },
  gru: {
    label: "GRU",
    gates: [
      [1, "z garde", "input_gate"],
      [0, "r relit", "forget"],
    ],
  },
  mingru: { label: "minGRU", gates: [[0, "z écrit", "input_gate"]] },
};
/** @type {Record<string, string>} */
const STARTS = { default: "ordinaire", chrono: "chrono", orthogonal: "orthogonal" };
/** @type {Record<string, string>} */
const OPTIMIZERS = { adam: "Adam", sgd: "descente simple" };
const NUMBERS = ["aucune", "une", "deux", "trois"];
const VERDICTS = [
  "aucune des trois graines ne sait la tâche",
  "une graine sur trois sait la tâche",
  "deux graines sur trois savent la tâche",
  "les trois graines savent la tâche",
];

const BUDGET = 8; // ms de travail par image
const LONGEST = 3000; // mises à jour d'un essai
const PROBED = 8; // séquences dont la figure tire ses gradients
const KNOWN = 0.99;
const EXPLODED = 4; // quand le hasard donne 0,7 ou 1,4

// -- L'essai en cours ---------------------------------------------------------------------------

/** Un lot écrit en chiffres. @param {string} name @param {string} codes */
const written = (name, codes) => answered(TASKS[name].task, Uint8Array.from(codes, Number));

/** Les réglages d'un essai, d'après ceux de la figure. @param {any} state */
export const settingsOf = ({ task, cell, H, start, optimizer, lr, clip, batch, seed }) => ({
  task: TASKS[task].task,
  ...{ cell, start, optimizer, seed, H: Number(H), lr: Number(lr), batch: Number(batch) },
  clip: clip === "non" ? Infinity : Number(clip),
});

/** @param {any} state @param {any} [clip] */
export const keyOf = ({ task, cell, H, start, optimizer, lr, batch, seed, ...state }, clip) =>
  [task, cell, H, start, optimizer, lr, batch, seed, clip ?? state.clip].join(" ");

/** L'essai qui n'a pas encore commencé : le même tant que les réglages ne changent pas. */
let waiting = /** @type {Session | undefined} */ (undefined);

/** @param {any} state @returns {Session} */
function fresh(state) {
  const key = keyOf(state);
  if (!waiting || waiting.key !== key) waiting = new Session(key, settingsOf(state));
  return waiting;
}

const RECORDED = new WeakMap();

/** L'essai que la construction du livre a enregistré. @param {any} data */
function recordedOf(data) {
  const found = RECORDED.get(data);
  if (found) return found;
  const { settings, updates, runs } = data.recorded;
  const traces = runs.map((/** @type {any} */ run) => ({ lost: false, loss: NaN, ...run }));
  const nets = runs.map((/** @type {any} */ { weights }) =>
    netOf(settings.task, settings.cell, weights),
  );
  const made = { key: keyOf(settings), updates, traces, nets, recorded: true };
  RECORDED.set(data, made);
  return made;
}

/** Un réseau qui part des poids exportés. @param {string} task @param {Kind} cell @param {any} exported */
function netOf(task, cell, exported) {
  const decoded = decodeWeights(exported);
  const net = new Net(TASKS[task].task, cell, decoded.shapes.W_y[1]);
  loadWeights(net.cell, decoded, "layer.");
  loadWeights(net.readout, decoded);
  return net;
}

/** L'essai que montre la figure : en cours, enregistré, ou prêt à partir. @param {any} state @param {any} data */
function trialOf(state, data) {
  const key = keyOf(state);
  const recorded = recordedOf(data);
  if (state.session?.key !== key && !state.again && key === recorded.key) return recorded;
  const session = state.session?.key === key ? state.session : fresh(state);
  return {
    ...summary(session),
    nets: session.learners.map((/** @type {Learner} */ { net }) => net),
    recorded: false,
  };
}

/** Ce qui reste à montrer d'un essai. @param {Session} session */
function summary({ key, settings, updates, learners }) {
  const traces = learners.map(({ history, lost, loss }, k) => ({
    ...{ seed: settings.seed + k, lost, loss },
    ...history,
  }));
  return { key, updates, traces };
}

/** L'essai que le suivant laisse en gris : le dernier de la même tâche. @param {any} state @param {any} data */
function outgoing({ key, task, session, previous, again }, data) {
  const recorded = recordedOf(data);
  const shown = key === recorded.key && !again ? recorded : previous;
  const last = session?.updates ? summary(session) : shown;
  return last?.key.startsWith(`${task} `) ? last : null;
}

/** Une image : range l'essai dont les réglages ont changé, et fait avancer celui qui joue.
 * @param {any} state @param {any} data @param {(changes: any) => void} set */
export function animate(state, data, set) {
  const key = keyOf(state);
  if (key !== state.key) set({ key, session: null, previous: outgoing(state, data) });
  if (!state.playing) return false;
  if (!state.session) {
    set({ session: fresh(state), previous: outgoing(state, data) });
    waiting = undefined;
  }
  const { session } = state;
  session.work(BUDGET, Math.min(LONGEST, state.until));
  if (exploded(summary(session)) && state.clip === "non") set({ exploded: key });
  if (session.updates >= Math.min(LONGEST, state.until) || session.lost)
    set({ playing: false, until: Infinity });
  return true;
}

/** @param {{traces: Trace[]}} trial */
const exploded = ({ traces }) =>
  traces.some(({ lost, losses }) => lost || Array.from(losses).some((loss) => loss > EXPLODED));

// -- Ce qu'il montre ----------------------------------------------------------------------------

const PROBES = new Map();

/** Les séquences du test que la figure donne à lire ; la construction du livre a choisi les premières.
 * @param {string} name @param {number} rank @param {any} data */
function probeOf(name, rank, { recorded }) {
  if (rank === 0 && name === recorded.settings.task) return written(name, recorded.probe);
  const key = `${name} ${rank}`;
  if (!PROBES.has(key)) {
    if (PROBES.size > 20) PROBES.clear();
    PROBES.set(key, sample(TASKS[name].task, PROBED, mulberry32(1000 + rank), "test"));
  }
  return PROBES.get(key);
}

/** Ce que le réseau fait de la première séquence : états, portes, réponses.
 * @param {Net} net @param {import("../tasks.js").Batch} batch @param {string} kind */
function reading(net, batch, kind) {
  const { task, cell } = net;
  const { run, logits } = net.forward(batch, 0, PROBED);
  const [T, H] = [task.steps, cell.hiddenSize];
  const states = Array.from({ length: T }, (_, t) =>
    Array.from(run.h.subarray((t + 1) * PROBED * H, (t + 1) * PROBED * H + H)),
  );
  const gates = CELLS[kind].gates.map(([block, name, role]) => {
    const at = (/** @type {number} */ t) => (t * PROBED * cell.kept + block) * H;
    const rows = states.map((_, t) => Array.from(run.gates.subarray(at(t), at(t) + H)));
    return { name, role, rows };
  });
  const lines = task.everyStep ? states.map((_, t) => t * PROBED) : [0];
  const said = lines.map((line) => net.said(logits, line));
  const codes = Array.from(batch.codes.subarray(0, T));
  return { codes, targets: Array.from(batch.y.subarray(0, lines.length)), said, states, gates };
}

/** Par distance, ce qui reste du gradient : ‖∂m/∂h_{T−d}‖ / ‖∂m/∂h_T‖, en moyenne sur les séquences ; m est la
 * marge de la dernière réponse, son logit moins la moyenne des autres. Pour la LSTM, c tient lieu de h.
 * @param {Net} net @param {import("../tasks.js").Batch} batch */
export function influenceOf(net, batch) {
  const { task, cell, readout } = net;
  const [T, H, K] = [task.steps, cell.hiddenSize, task.outputSize];
  const { run } = net.forward(batch, 0, PROBED);
  const margin = readout.newLogits(PROBED);
  const answers = batch.y.length / PROBED;
  for (let k = 0; k < PROBED; k++) {
    const y = batch.y[(k + 1) * answers - 1];
    for (let j = 0; j < K; j++)
      margin[k * K + j] = K === 1 ? 2 * y - 1 : j === y ? 1 : -1 / (K - 1);
  }
  run.clearGradients();
  readout.backward(margin, run.h, run.dh, T * PROBED, PROBED, { weights: false });
  cell.backward(run, { weights: false, inputs: false });
  const grads = cell.hasMemory ? run.dc : run.dh;
  const size = (/** @type {number} */ t, /** @type {number} */ k) => {
    const start = (t * PROBED + k) * H;
    return Math.hypot(...grads.subarray(start, start + H));
  };
  return Array.from({ length: T + 1 }, (_, d) => {
    let sum = 0;
    for (let k = 0; k < PROBED; k++) sum += size(T - d, k) / size(T, k);
    return sum / PROBED;
  });
}

const shown = /** @type {any} */ ({ key: "", turn: 0 });

/** La lecture et les gradients, en entier à l'arrêt ; pendant l'apprentissage, un quart par image, à tour de rôle.
 * @param {any} state @param {{key: string, nets: Net[]}} trial @param {import("../tasks.js").Batch} batch */
function measures(state, { key, nets }, batch) {
  const wanted = `${key} ${state.net} ${state.probe}`;
  const whole = !state.playing || shown.key !== wanted;
  shown.key = wanted;
  shown.turn = (shown.turn + 1) % (nets.length + 1);
  if (whole) shown.influence = nets.map((net) => influenceOf(net, batch));
  else if (shown.turn < nets.length)
    shown.influence[shown.turn] = influenceOf(nets[shown.turn], batch);
  if (whole || shown.turn === nets.length)
    shown.probe = reading(nets[Number(state.net)], batch, state.cell);
  return { probe: shown.probe, influence: [...shown.influence] };
}

/** @param {any} state @param {any} data */
export function compute(state, data) {
  if (state.replay) return replay(state.replay, data);
  const { nets, ...trial } = trialOf(state, data);
  const batch = probeOf(state.task, state.probe, data);
  const seen = measures(state, { key: trial.key, nets }, batch);
  return { ...trial, ...seen, previous: state.previous };
}

/** @typedef {ReturnType<typeof compute> & any} Values */

/** Ce que la page calcule d'un départ et de lots de PyTorch : sa lecture, puis ses pertes. Les tests les comparent.
 * @param {{task: string, cell: Kind, probe?: number}} wanted @param {any} data */
function replay({ task, cell, probe = 0 }, data) {
  const { settings, batches, starts } = data.replays[task];
  const net = netOf(task, cell, starts[cell].weights);
  const batch = probeOf(task, probe, data);
  const before = { ...reading(net, batch, cell), sequences: batch.codes };
  const influence = influenceOf(net, batch);
  const learner = new Learner(net, settings, (rank) => written(task, batches[rank]));
  const losses = batches.map(() => {
    const work = learner.update();
    while (!work.next().done);
    return learner.loss;
  });
  return { losses, probe: before, influence };
}

// -- Dessiner -----------------------------------------------------------------------------------

const DASHES = [undefined, "7 3", "2 3"];
const CURVES = 210;
const LEFT = 66; // place des noms de lignes

/** @param {import("../frame.js").Surface} surface @param {any} state @param {Values} values */
export function draw({ node, width, resize }, state, values) {
  const key = legend(width, state, values);
  const { boxes, height } = panels(width, 2, CURVES);
  const top = key.height;
  for (const box of boxes) box.y += top;
  const wide = width >= 600;
  const place = { x: 0, y: top + height + 6, width: wide ? width * 0.6 : width, height: 0 };
  const lecture = reader(place, state, values);
  const box = wide
    ? { x: place.width, y: place.y, width: width - place.width, height: 260 }
    : { x: 0, y: place.y + lecture.height, width, height: 230 };
  resize(wide ? Math.max(place.y + lecture.height, box.y + box.height) : box.y + box.height);
  node.replaceChildren(
    key.node,
    accuracyPlot(boxes[0], state, values),
    lossPlot(boxes[1], state, values),
    lecture.node,
    influencePlot(box, state, values),
  );
}

/** Le trait d'une graine : son tireté, et plus épais si c'est le réseau choisi. @param {number} rank @param {any} state */
const stroke = (rank, { net }) => ({
  "stroke-dasharray": DASHES[rank],
  "stroke-width": rank === Number(net) ? 2.8 : 1.5,
});

/** @param {number} width @param {any} state @param {Values} values */
function legend(width, state, { traces, previous }) {
  const node = svg("g");
  const narrow = width < 470;
  const step = narrow ? width / 3 : 116;
  const entry = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ words, /** @type {any} */ style) =>
    node.append(
      svg("line", { x1: x, x2: x + 24, y1: y - 4, y2: y - 4, ...style }),
      svg("text", { x: x + 29, y }, words),
    ); // prettier-ignore
  traces.forEach((/** @type {Trace} */ { seed }, /** @type {number} */ k) =>
    entry(8 + k * step, 16, `graine ${seed}`, { stroke: colour("ink"), ...stroke(k, state) }),
  );
  const style = { stroke: colour("neutral"), "stroke-opacity": 0.55, "stroke-width": 1.5 };
  if (previous) entry(narrow ? 8 : 8 + 3 * step, narrow ? 36 : 16, "essai d’avant", style);
  return { node, height: narrow ? 42 : 24 };
}

/** Le bout de l'axe des mises à jour. @param {Values} values */
function lastUpdate({ updates, previous }) {
  const most = Math.max(100, updates, previous?.updates ?? 0);
  const step = most > 1000 ? 500 : 100;
  return Math.ceil(most / step) * step;
}

/** Les courbes des trois graines, sur celles de l'essai d'avant. @param {Plot} plot @param {any} state @param {Values} values
 * @param {(trace: History) => ArrayLike<number>} read @param {string} role */
function curves(plot, state, { traces, previous }, read, role) {
  for (const trace of previous?.traces ?? [])
    plot.line(trace.steps, read(trace), {
      ...{ role: "neutral", "stroke-opacity": 0.55, "stroke-width": 1 },
    });
  traces.forEach((/** @type {Trace} */ trace, /** @type {number} */ k) => {
    const heights = read(trace);
    plot.line(trace.steps, heights, { role, ...stroke(k, state) });
    const last = trace.steps.length - 1;
    if (trace.lost && last >= 0)
      plot.text(trace.steps[last], heights[last], "✕", { role: "forget", "text-anchor": "middle" });
  });
}

/** @param {Box} box @param {any} state @param {Values} values */
function accuracyPlot(box, state, values) {
  const end = lastUpdate(values);
  const plot = new Plot(box, {
    ...{ x: [0, end], y: [0, 104], xTicks: 4, xLabel: "mises à jour" },
    yLabel: "réponses justes (%)",
  });
  const chance = 100 / Math.max(2, TASKS[state.task].task.outputSize);
  const dotted = { role: "neutral", "stroke-width": 1, "stroke-dasharray": "1 4" };
  plot.line([0, end], [chance, chance], dotted);
  plot.text(end, chance, "hasard", { role: "neutral", "text-anchor": "end", dx: -4, dy: 16 });
  curves(plot, state, values, ({ accuracy }) => Array.from(accuracy, (part) => 100 * part), "output"); // prettier-ignore
  return plot.node;
}

/** @param {Box} box @param {any} state @param {Values} values */
function lossPlot(box, state, values) {
  const all = [...values.traces, ...(values.previous?.traces ?? [])].flatMap(({ losses }) =>
    Array.from(losses).filter((loss) => loss > 0 && loss < Infinity),
  );
  const low = Math.max(-5, Math.floor(Math.log10(Math.min(0.5, ...all))));
  const high = Math.min(12, Math.ceil(Math.log10(Math.max(2, ...all))));
  const plot = new Plot(box, {
    ...{ x: [0, lastUpdate(values)], y: [10 ** low, 10 ** high], yLog: true, xTicks: 4 },
    ...{ xLabel: "mises à jour", yLabel: "perte", margins: { left: 54 } },
  });
  const clamp = (/** @type {number} */ loss) => Math.min(10 ** high, Math.max(10 ** low, loss));
  curves(plot, state, values, ({ losses }) => Array.from(losses, clamp), "gradient");
  return plot.node;
}

/** @param {Box} box @param {any} state @param {Values} values */
function influencePlot(box, state, { influence }) {
  const T = influence[0].length - 1;
  const plot = new Plot(box, {
    ...{ x: [0, T], y: [1e-6, 1e2], yLog: true, xLabel: "distance à la réponse (pas)" },
    ...{ yLabel: "gradient qui reste", margins: { left: 58 } },
  });
  plot.line([0, T], [1, 1], { role: "neutral", "stroke-width": 1, "stroke-dasharray": "1 4" });
  const clamp = (/** @type {number} */ part) => Math.min(1e2, Math.max(1e-6, part));
  influence.forEach((/** @type {number[]} */ parts, /** @type {number} */ k) =>
    plot.line(parts.map((_, d) => d), parts.map(clamp), { role: "gradient", ...stroke(k, state) }),
  ); // prettier-ignore
  return plot.node;
}

/** La séquence lue : entrée, réponses, états, portes, une colonne par pas. @param {Box} box @param {any} state @param {Values} values */
function reader(box, state, { probe }) {
  const T = probe.codes.length;
  const column = (box.width - LEFT - 10) / T;
  const node = svg("g", { transform: `translate(${box.x} ${box.y})` });
  let y = 0;
  const row = (/** @type {string} */ name, /** @type {number} */ height, /** @type {Node[]} */ ...parts) => {
    const label = { x: LEFT - 6, y: y + height / 2 + 4, "text-anchor": "end" };
    node.append(svg("text", label, name), svg("g", { transform: `translate(${LEFT} ${y})` }, ...parts)); // prettier-ignore
    y += height + 6;
  }; // prettier-ignore
  for (const [name, ...parts] of answerRows(state.task, probe, column)) row(name, 16, ...parts);
  const H = probe.states[0].length;
  const unit = Math.max(5.5, Math.min(16, 176 / H));
  row("états", H * unit, ...bars(probe.states, column, unit));
  for (const { name, role, rows } of probe.gates)
    row(name, H * unit * 0.4, ...shades(rows, column, unit * 0.4, role));
  const times = [`pas 1`, `pas ${T}`].map((words, k) =>
    svg("text", { x: LEFT + k * T * column, y: y + 8, "text-anchor": k ? "end" : "start" }, words),
  );
  node.append(...times);
  return { node, height: y + 18 };
}

/** Les lignes « entrée », « cible », « réponse ».
 * @param {string} name @param {any} probe @param {number} column @returns {[string, ...Node[]][]} */
function answerRows(name, { codes, targets, said }, column) {
  const { everyStep, silent } = TASKS[name].task;
  if (!everyStep) {
    const verdict = `${CLASSES[said[0]]} ${said[0] === targets[0] ? "✓" : "✕"}`;
    const place = { x: codes.length * column, y: 12, "text-anchor": "end" };
    const words = svg("text", place, `${verdict} (attendu : ${CLASSES[targets[0]]})`);
    return [
      ["entrée", ...symbols(codes, column)],
      ["réponse", words],
    ];
  }
  const wrong = said.map((/** @type {number} */ bit, /** @type {number} */ t) =>
    t >= silent && bit !== targets[t] ? t : -1,
  );
  return [
    ["entrée", ...squares(codes, column, "input")],
    ["cible", ...squares(targets, column, "output")],
    ["réponse", ...squares(said, column, "output"), ...crosses(wrong, column)],
  ];
}

/** Des symboles ; si la place manque, un point pour chaque distracteur. @param {number[]} codes @param {number} column */
function symbols(codes, column) {
  const small = column < 12;
  const hidden = (/** @type {number} */ code) =>
    code >= SYMBOLS.length || (small && "abcd".includes(SYMBOLS[code]));
  const style = small ? "font-size: 11px" : undefined;
  const letters = codes.flatMap((code, t) => {
    const place = { x: (t + 0.5) * column, y: 12, "text-anchor": "middle", style };
    return hidden(code) ? [] : [svg("text", place, SYMBOLS[code])];
  });
  const dots = codes.map((code, t) =>
    hidden(code) ? `M${((t + 0.5) * column - 1).toFixed(1)} 7h2v2h-2z` : "",
  );
  return [...letters, svg("path", { d: dots.join(""), fill: colour("neutral") })];
}

/** Des bits : un carré plein pour 1, vide pour 0. @param {number[]} bits @param {number} column @param {string} role */
function squares(bits, column, role) {
  const size = Math.min(12, column - 1.5);
  const part = (/** @type {number} */ wanted) =>
    bits
      .map((bit, t) =>
        bit === wanted
          ? `M${((t + 0.5) * column - size / 2).toFixed(1)} 2h${size}v${size}h${-size}z`
          : "",
      )
      .join("");
  return [
    svg("path", { d: part(1), fill: colour(role), stroke: colour(role) }),
    svg("path", { d: part(0), fill: "none", stroke: colour(role), "stroke-opacity": 0.6 }),
  ];
}

/** Une croix sous chaque réponse fausse. @param {number[]} places @param {number} column */
function crosses(places, column) {
  const size = Math.min(10, column);
  const d = places
    .filter((t) => t >= 0)
    .map((t) => {
      const x = (t + 0.5) * column - size / 2;
      return `M${x} ${8 - size / 2}l${size} ${size}M${x} ${8 + size / 2}l${size} ${-size}`;
    })
    .join("");
  return [svg("path", { d, fill: "none", stroke: colour("forget"), "stroke-width": 2.5 })];
}

/** Une barre par unité et par pas : vers le haut si l'état est positif, vers le bas sinon ; la plus grande remplit sa ligne.
 * @param {number[][]} rows (T, H) @param {number} column @param {number} unit hauteur d'une unité */
function bars(rows, column, unit) {
  const top = rows.reduce((most, row) => Math.max(most, ...row.map(Math.abs)), 0.1);
  const width = Math.max(1, column - 1).toFixed(1);
  let d = "";
  let axes = "";
  for (let j = 0; j < rows[0].length; j++) {
    const middle = (j + 0.5) * unit;
    axes += `M0 ${middle}H${(rows.length * column).toFixed(1)}`;
    for (let t = 0; t < rows.length; t++) {
      const height = ((rows[t][j] / top) * (unit - 1)) / 2;
      if (Number.isFinite(height))
        d += `M${(t * column).toFixed(1)} ${middle}h${width}v${(-height).toFixed(1)}h-${width}z`;
    }
  }
  const style = { stroke: colour("grid"), "stroke-width": 0.8 };
  return [svg("path", { d: axes, ...style }), svg("path", { d, fill: colour("hidden") })];
}

const LEVELS = 6;

/** Une case par unité et par pas, d'autant plus dense que la porte est ouverte.
 * @param {number[][]} rows (T, H), de 0 à 1 @param {number} column @param {number} unit @param {string} role */
function shades(rows, column, unit, role) {
  const paths = Array.from({ length: LEVELS + 1 }, () => "");
  const width = (column + 0.2).toFixed(1);
  rows.forEach((row, t) =>
    row.forEach((value, j) => {
      const level = Math.round(LEVELS * value) || 0;
      paths[level] += `M${(t * column).toFixed(1)} ${(j * unit).toFixed(1)}h${width}v${unit.toFixed(1)}h-${width}z`; // prettier-ignore
    }),
  );
  const [x, y] = [rows.length * column, rows[0].length * unit];
  const frame = svg("rect", { width: x, height: y, fill: "none", stroke: colour("grid") });
  const dense = paths.map((d, k) => svg("path", { d, fill: colour(role), "fill-opacity": k / LEVELS })); // prettier-ignore
  return [...dense.slice(1), frame];
}

// -- Dire ---------------------------------------------------------------------------------------

/** @param {Values} values */
const scores = ({ traces }) =>
  traces.map((/** @type {Trace} */ { accuracy }) => accuracy[accuracy.length - 1] ?? NaN);

/** @param {Values} values */
const known = (values) =>
  scores(values).filter((/** @type {number} */ part) => part >= KNOWN).length;

/** @param {any} state @param {Values} values */
function say(state, values) {
  const { task, cell, start, H, net } = state;
  const begun = hasStart(cell, start) ? STARTS[start] : STARTS.default;
  const note = hasStart(cell, start) ? "" : ` Le départ ${STARTS[start]} n’existe pas pour elle.`;
  const who = `${TASKS[task].name}, ${CELLS[cell].label} de ${H} unités, départ ${begun}`;
  const influence = values.influence[Number(net)];
  const rest = influence[influence.length - 1];
  const far = ` À ${influence.length - 1} pas de la réponse, le gradient est multiplié par ${french(rest, 2)}.`;
  return `${who} : ${progress(values)}${note}${far}`;
}

/** @param {Values} values */
function progress(values) {
  const { updates, traces, recorded } = values;
  if (!updates) return "rien n’est encore appris ; pressez « Entraîner ».";
  const lost = traces.filter((/** @type {Trace} */ trace) => trace.lost).length;
  const when = `après ${updates} mise${updates > 1 ? "s" : ""} à jour`;
  const parts = scores(values).map((/** @type {number} */ part) => `${french(100 * part, 3)} %`);
  const list = `${parts.slice(0, -1).join(", ")} et ${parts[parts.length - 1]}`;
  const told = Number.isNaN(scores(values)[0]) ? "" : ` ; sur le test, ${list} de réponses justes`;
  const verdict = VERDICTS[known(values)];
  const failure = lost ? ` ; la perte de ${NUMBERS[lost]} graine${lost > 1 ? "s" : ""} n’est plus un nombre` : ""; // prettier-ignore
  return `${when}${recorded ? ", enregistrées par la construction du livre" : ""}, ${verdict}${told}${failure}.`;
}

// -- Commandes ----------------------------------------------------------------------------------

/** @param {...string} values @returns {[string, string][]} */
const numbers = (...values) => values.map((value) => [value, value.replace(".", ",")]);

/** @param {Record<string, any>} named @returns {[string, string][]} */
const named = (named) => Object.entries(named).map(([key, it]) => [key, it.label ?? it]);

/** @type {import("../frame.js").Control[]} */
const CONTROLS = [
  { key: "playing", kind: "toggle", label: "Entraîner", pressed: "Pause", value: false },
  {
    ...{ key: "step", kind: "button", label: "Un pas" },
    press(state) {
      const done = state.session?.key === keyOf(state) ? state.session.updates : 0;
      Object.assign(state, { playing: true, until: done + 1 });
    },
  },
  {
    ...{ key: "restart", kind: "button", label: "Repartir de zéro" },
    press(state, data) {
      const previous = outgoing(state, data);
      Object.assign(state, { previous, session: null, again: true, playing: false });
    },
  },
  { key: "task", kind: "choice", label: "tâche", options: named(TASKS), value: "parite" },
  { key: "cell", kind: "choice", label: "cellule", options: named(CELLS), value: "gru" },
  { key: "H", kind: "choice", label: "taille H", options: numbers("4", "8", "16", "32"), value: "16" }, // prettier-ignore
  { key: "start", kind: "choice", label: "départ", options: named(STARTS), value: "default" },
  { key: "optimizer", kind: "choice", label: "optimiseur", options: named(OPTIMIZERS), value: "adam" }, // prettier-ignore
  {
    ...{ key: "lr", kind: "choice", label: "pas d’apprentissage", value: "0.01" },
    options: numbers("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3"),
  },
  {
    ...{ key: "clip", kind: "choice", label: "écrêtage", value: "1" },
    options: [["non", "aucun"], ...numbers("0.1", "0.3", "1", "3")],
  },
  { key: "batch", kind: "choice", label: "lot", options: numbers("8", "16", "32", "64"), value: "32" }, // prettier-ignore
  { key: "seed", label: "première graine", min: 0, max: 27, step: 3, value: 0 },
  {
    ...{ key: "net", kind: "choice", label: "réseau montré", value: "0" },
    options: [
      ["0", "première graine"],
      ["1", "deuxième graine"],
      ["2", "troisième graine"],
    ],
  },
  {
    ...{ key: "other", kind: "button", label: "Autre séquence" },
    press: (state) => void (state.probe += 1),
  },
];

const DEFAULTS = Object.fromEntries(CONTROLS.map(({ key, value }) => [key, value]));

/** Les trois graines d'un essai mené dans la page. @param {Values} values @param {number} least */
const all = (values, least) =>
  !values.recorded && scores(values).every((/** @type {number} */ part) => part >= least);

/** @type {import("../frame.js").Mission[]} */
const MISSIONS = [
  {
    text: "Parité apprise à 100 % par les trois graines.",
    done: (state, values) => state.task === "parite" && all(values, 1),
  },
  {
    text: "EASY à 99 % au moins, trois graines, en 40 mises à jour au plus.",
    done: (state, values) =>
      state.task === "easy" && all(values, KNOWN) && values.updates <= 4 * EVERY,
  },
  {
    text: "Faites exploser la perte (plus de 4) sans écrêtage, puis, en n’ajoutant que lui, faites apprendre les trois graines.",
    done: (state, values) =>
      state.clip !== "non" && state.exploded === keyOf(state, "non") && all(values, KNOWN),
  },
];

/** Refuse un essai enregistré ou des départs qui manquent. @param {any} data */
function check(data) {
  const { recorded, replays } = data;
  if (!Array.isArray(recorded?.runs) || recorded.runs.length !== 3)
    throw new FigureError("il faut un essai enregistré de trois graines");
  if (!replays || Object.keys(TASKS).some((name) => !replays[name]))
    throw new FigureError("il faut un départ de PyTorch pour chaque tâche");
  try {
    recordedOf(data);
  } catch (error) {
    throw new FigureError(error instanceof Error ? error.message : String(error));
  }
}

/** @type {import("../frame.js").Spec} */
export const spec = {
  name: "terrain",
  title: "Trois réseaux récurrents qui apprennent dans la page",
  hidden: {
    ...{ session: null, previous: null, again: false, until: Infinity, key: keyOf(DEFAULTS) },
    ...{ probe: 0, exploded: "", replay: null },
  },
  controls: CONTROLS,
  missions: MISSIONS,
  check,
  compute,
  draw,
  say,
  animate,
};

export const render = figure(spec);
