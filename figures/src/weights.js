/**
 * Lire les poids que les chapitres exportent (`notebook_utils.interactive.export`).
 *
 * Un tenseur : `{ dtype, shape, data, scale? }`, où `data` réunit les nombres, petit-boutistes, ligne par
 * ligne, en base 64 ; `scale`, pour int8, réunit de même un float32 par ligne, qui en multiplie les entiers.
 */

/** @typedef {import("./recurrence.js").Named} Named */
/** @typedef {{ dtype: string, shape: number[], data: string, scale?: string }} ExportedTensor */
/**
 * @typedef {object} Exported
 * @property {number} version
 * @property {Record<string, ExportedTensor>} weights
 * @property {string[] | null} [symbols]
 * @property {number | null} [seed]
 */

/** La version du format que ce module lit. */
export const VERSION = 1;

/** @type {Record<string, { bytes: number, read: (view: DataView, place: number) => number }>} */
const KINDS = {
  float32: { bytes: 4, read: (view, place) => view.getFloat32(place, true) },
  float16: { bytes: 2, read: (view, place) => half(view.getUint16(place, true)) },
  int8: { bytes: 1, read: (view, place) => view.getInt8(place) },
};

/** La valeur d'un float16, d'après ses seize bits. @param {number} bits */
function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * L'erreur d'un export que l'on ne sait pas lire.
 *
 * @param {string} place @param {string} received @param {string} expected
 */
function damaged(place, received, expected) {
  return new Error(`Poids illisibles, ${place} : reçu ${received}, attendu ${expected}`);
}

/** @param {string} place @param {unknown} text @returns {DataView} */
function bytesOf(place, text) {
  if (typeof text !== "string") throw damaged(place, typeof text, "un texte en base 64");
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw damaged(place, "autre chose que de la base 64", "un texte en base 64");
  }
  return new DataView(Uint8Array.from(binary, (sign) => sign.charCodeAt(0)).buffer);
}

/** @param {string} name @param {unknown} shape @returns {number} le nombre de valeurs */
function sizeOf(name, shape) {
  const right = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size > 0);
  if (!right) throw damaged(`${name}.shape`, JSON.stringify(shape), "des entiers positifs");
  return shape.reduce((a, b) => a * b, 1);
}

/** @param {string} place @param {DataView} view @param {number} expected */
function checkLength(place, view, expected) {
  if (view.byteLength !== expected) {
    throw damaged(place, `${view.byteLength} octets`, `${expected} octets`);
  }
}

/** Les échelles des lignes d'un tenseur int8. @param {string} name @param {ExportedTensor} tensor */
function scalesOf(name, tensor) {
  const rows = tensor.shape.length > 1 ? tensor.shape[0] : 1;
  const view = bytesOf(`${name}.scale`, tensor.scale);
  checkLength(`${name}.scale`, view, 4 * rows);
  return Float64Array.from({ length: rows }, (_, row) => view.getFloat32(4 * row, true));
}

/**
 * Décode un tenseur.
 *
 * @param {string} name pour les messages @param {ExportedTensor} tensor
 * @returns {Float64Array} ses valeurs, ligne par ligne
 */
export function decodeTensor(name, tensor) {
  if (typeof tensor !== "object" || tensor === null) throw damaged(name, `${tensor}`, "un tenseur");
  const kind = Object.hasOwn(KINDS, tensor.dtype) ? KINDS[tensor.dtype] : undefined;
  if (!kind) throw damaged(`${name}.dtype`, `${tensor.dtype}`, Object.keys(KINDS).join(", "));
  const size = sizeOf(name, tensor.shape);
  const view = bytesOf(`${name}.data`, tensor.data);
  checkLength(`${name}.data`, view, kind.bytes * size);
  const values = Float64Array.from({ length: size }, (_, k) => kind.read(view, k * kind.bytes));
  if (tensor.dtype === "int8") {
    const scales = scalesOf(name, tensor);
    const width = size / scales.length;
    // En float32, comme decode_weights de Python.
    for (let k = 0; k < size; k++)
      values[k] = Math.fround(values[k] * scales[Math.floor(k / width)]);
  }
  if (!values.every(Number.isFinite)) throw damaged(`${name}.data`, "NaN ou infini", "des nombres");
  return values;
}

/**
 * Décode un export entier.
 *
 * @param {Exported} exported
 * @returns {{ weights: Record<string, Float64Array>, shapes: Record<string, number[]>,
 *   symbols: string[] | null, seed: number | null }}
 */
export function decodeWeights(exported) {
  if (exported?.version !== VERSION)
    throw damaged("version", `${exported?.version}`, `${VERSION} ; refaites « make figures »`);
  const { weights, symbols = null, seed = null } = exported;
  if (typeof weights !== "object" || weights === null || Object.keys(weights).length === 0)
    throw damaged("weights", JSON.stringify(weights), "au moins un tenseur");
  const entries = Object.entries(weights);
  return {
    weights: Object.fromEntries(entries.map(([name, item]) => [name, decodeTensor(name, item)])),
    shapes: Object.fromEntries(entries.map(([name, { shape }]) => [name, shape])),
    symbols,
    seed,
  };
}

/**
 * Recopie des poids décodés dans une cellule ou une couche de lecture, en vérifiant les formes.
 *
 * @param {{ params: Named, shapes: Record<string, number[]> }} module
 * @param {ReturnType<typeof decodeWeights>} decoded
 * @param {string} [prefix] ce qui précède le nom des paramètres, `"layer."` par exemple
 */
export function loadWeights(module, { weights, shapes }, prefix = "") {
  for (const [name, shape] of Object.entries(module.shapes)) {
    const place = prefix + name;
    if (!weights[place]) throw damaged(place, "rien", `un tenseur (${shape.join(", ")})`);
    if (shapes[place].join() !== shape.join())
      throw damaged(place, `la forme (${shapes[place].join(", ")})`, `(${shape.join(", ")})`);
    module.params[name].set(weights[place]);
  }
}
