/**
 * Les produits de matrices dont les cellules ont besoin, sur des tableaux typés, sans rien allouer.
 *
 * Une matrice est rangée ligne par ligne, comme dans PyTorch. Un tableau de `n` lignes se donne par
 * ses valeurs, la place de la première, et le pas d'une ligne à la suivante : on peut ainsi n'en lire
 * qu'un bloc de colonnes. Les lignes vont par quatre : ce qui est lu une fois sert quatre fois.
 */

/** @typedef {Float64Array | Float32Array} Vector */

/**
 * out[k, i] += Σ_j W[i, j] x[k, j], pour k < n, i < rows, j < cols.
 *
 * @param {Vector} out @param {number} o place dans `out` @param {number} step pas de `out`
 * @param {Vector} x lignes de `cols` valeurs @param {number} s place dans `x`
 * @param {Vector} W @param {number} w place dans `W`
 * @param {number} rows @param {number} cols @param {number} n
 */
export function addProduct(out, o, step, x, s, W, w, rows, cols, n) {
  const whole = rows - (rows % 4);
  for (let k = 0; k < n; k++, o += step, s += cols) {
    let p = w;
    for (let i = 0; i < whole; i += 4, p += 3 * cols) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let j = 0; j < cols; j++, p++) {
        const v = x[s + j];
        a += W[p] * v;
        b += W[p + cols] * v;
        c += W[p + 2 * cols] * v;
        d += W[p + 3 * cols] * v;
      }
      out[o + i] += a;
      out[o + i + 1] += b;
      out[o + i + 2] += c;
      out[o + i + 3] += d;
    }
    for (let i = whole; i < rows; i++) out[o + i] += dot(W, w + i * cols, x, s, cols);
  }
}

/**
 * Σ_j a[p + j] b[q + j].
 *
 * @param {Vector} a @param {number} p @param {Vector} b @param {number} q @param {number} size
 */
function dot(a, p, b, q, size) {
  let sum = 0;
  for (let j = 0; j < size; j++) sum += a[p + j] * b[q + j];
  return sum;
}

/**
 * out[k, j] += Σ_i delta[k, i] W[i, j] : le produit par la transposée, celui des retours.
 *
 * @param {Vector} out lignes de `cols` valeurs @param {number} o
 * @param {Vector} delta @param {number} d place dans `delta` @param {number} step pas de `delta`
 * @param {Vector} W @param {number} w @param {number} rows @param {number} cols @param {number} n
 */
export function addTransposed(out, o, delta, d, step, W, w, rows, cols, n) {
  const whole = rows - (rows % 4);
  for (let k = 0; k < n; k++, o += cols, d += step) {
    for (let i = 0; i < whole; i += 4) {
      const a = delta[d + i];
      const b = delta[d + i + 1];
      const c = delta[d + i + 2];
      const e = delta[d + i + 3];
      let p = w + i * cols;
      for (let j = 0; j < cols; j++, p++) {
        out[o + j] += W[p] * a + W[p + cols] * b + W[p + 2 * cols] * c + W[p + 3 * cols] * e;
      }
    }
    for (let i = whole; i < rows; i++) addScaled(out, o, W, w + i * cols, delta[d + i], cols);
  }
}

/**
 * out[o + j] += factor × a[p + j].
 *
 * @param {Vector} out @param {number} o @param {Vector} a @param {number} p
 * @param {number} factor @param {number} size
 */
function addScaled(out, o, a, p, factor, size) {
  for (let j = 0; j < size; j++) out[o + j] += factor * a[p + j];
}

/**
 * dW[i, j] += Σ_k delta[k, i] x[k, j] : le gradient d'une matrice, somme sur les pas et le lot.
 *
 * @param {Vector} dW @param {number} w place dans `dW`
 * @param {Vector} delta @param {number} d @param {number} step pas de `delta`
 * @param {Vector} x lignes de `cols` valeurs @param {number} s
 * @param {number} rows @param {number} cols @param {number} n
 */
export function addOuter(dW, w, delta, d, step, x, s, rows, cols, n) {
  const whole = n - (n % 4);
  for (let k = 0; k < whole; k += 4, d += 4 * step, s += 4 * cols) {
    for (let i = 0, p = w; i < rows; i++) {
      const a = delta[d + i];
      const b = delta[d + step + i];
      const c = delta[d + 2 * step + i];
      const e = delta[d + 3 * step + i];
      for (let q = s; q < s + cols; q++, p++) {
        dW[p] += a * x[q] + b * x[q + cols] + c * x[q + 2 * cols] + e * x[q + 3 * cols];
      }
    }
  }
  for (let k = whole; k < n; k++, d += step, s += cols) {
    for (let i = 0; i < rows; i++) addScaled(dW, w + i * cols, x, s, delta[d + i], cols);
  }
}

/**
 * db[i] += Σ_k delta[k, i].
 *
 * @param {Vector} db @param {number} o @param {Vector} delta @param {number} d
 * @param {number} step @param {number} rows @param {number} n
 */
export function addRows(db, o, delta, d, step, rows, n) {
  for (let k = 0; k < n; k++, d += step) {
    for (let i = 0; i < rows; i++) db[o + i] += delta[d + i];
  }
}

/**
 * Dit si les trois quarts des valeurs au moins sont nuls : des symboles codés par un seul 1, par exemple.
 *
 * @param {Vector} x @param {number} s @param {number} size
 */
export function isSparse(x, s, size) {
  let count = 0;
  for (let j = 0; j < size; j++) if (x[s + j] !== 0) count++;
  return 4 * count <= size;
}

/**
 * Comme `addProduct`, en ne lisant de `W` que les colonnes des valeurs non nulles.
 *
 * @param {Vector} out @param {number} o @param {number} step @param {Vector} x @param {number} s
 * @param {Vector} W @param {number} w @param {number} rows @param {number} cols @param {number} n
 */
export function addSparseProduct(out, o, step, x, s, W, w, rows, cols, n) {
  for (let k = 0; k < n; k++, o += step, s += cols) {
    for (let j = 0; j < cols; j++) {
      const v = x[s + j];
      if (v === 0) continue;
      for (let i = 0, p = w + j; i < rows; i++, p += cols) out[o + i] += v * W[p];
    }
  }
}

/**
 * Comme `addOuter`, en n'écrivant que les colonnes des valeurs non nulles.
 *
 * @param {Vector} dW @param {number} w @param {Vector} delta @param {number} d @param {number} step
 * @param {Vector} x @param {number} s @param {number} rows @param {number} cols @param {number} n
 */
export function addSparseOuter(dW, w, delta, d, step, x, s, rows, cols, n) {
  for (let k = 0; k < n; k++, d += step, s += cols) {
    for (let j = 0; j < cols; j++) {
      const v = x[s + j];
      if (v === 0) continue;
      for (let i = 0, p = w + j; i < rows; i++, p += cols) dW[p] += v * delta[d + i];
    }
  }
}
