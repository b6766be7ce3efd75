/** Apprendre : Adam, la descente de gradient, et l'écrêtage, dans les formules de PyTorch. */

/** @typedef {import("./products.js").Vector} Vector */

/**
 * Les tableaux de plusieurs modules, dans l'ordre : `arraysOf("params", cell, readout)`.
 *
 * @param {"params" | "grads"} kind
 * @param {...{ params: Record<string, Vector>, grads: Record<string, Vector> }} modules
 * @returns {Vector[]}
 */
export function arraysOf(kind, ...modules) {
  return modules.flatMap((module) => Object.values(module[kind]));
}

/** Descente de gradient, comme `torch.optim.SGD` : v ← μ v + g, puis w ← w − η v ; v = g au premier pas. */
export class SGD {
  /** @param {Vector[]} params modifiés sur place @param {{ lr?: number, momentum?: number }} [options] */
  constructor(params, { lr = 1e-3, momentum = 0 } = {}) {
    this.params = params;
    this.lr = lr;
    this.momentum = momentum;
    this.velocities = params.map((param) => param.slice().fill(0));
  }

  /** Un pas. @param {Vector[]} grads dans l'ordre des paramètres */
  step(grads) {
    const { lr, momentum } = this;
    for (let n = 0; n < grads.length; n++) {
      const [param, grad, v] = [this.params[n], grads[n], this.velocities[n]];
      for (let k = 0; k < param.length; k++) {
        v[k] = momentum * v[k] + grad[k];
        param[k] -= lr * v[k];
      }
    }
  }
}

/**
 * Adam, comme `torch.optim.Adam` : m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
 * w ← w − η m̂ / (√v̂ + ε), où m̂ = m / (1 − β₁ᵗ) et v̂ = v / (1 − β₂ᵗ).
 */
export class Adam {
  /**
   * @param {Vector[]} params modifiés sur place
   * @param {{ lr?: number, betas?: [number, number], eps?: number }} [options]
   */
  constructor(params, { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8 } = {}) {
    this.params = params;
    this.lr = lr;
    this.betas = betas;
    this.eps = eps;
    this.steps = 0;
    this.means = params.map((param) => param.slice().fill(0));
    this.squares = params.map((param) => param.slice().fill(0));
  }

  /** Un pas. @param {Vector[]} grads dans l'ordre des paramètres */
  step(grads) {
    const [beta1, beta2] = this.betas;
    this.steps += 1;
    const rate = this.lr / (1 - beta1 ** this.steps);
    const root = Math.sqrt(1 - beta2 ** this.steps);
    for (let n = 0; n < grads.length; n++) {
      const [param, grad, m, v] = [this.params[n], grads[n], this.means[n], this.squares[n]];
      for (let k = 0; k < param.length; k++) {
        m[k] += (1 - beta1) * (grad[k] - m[k]);
        v[k] = beta2 * v[k] + (1 - beta2) * grad[k] * grad[k];
        param[k] -= (rate * m[k]) / (Math.sqrt(v[k]) / root + this.eps);
      }
    }
  }
}

/**
 * Écrête des gradients par leur norme commune, comme `torch.nn.utils.clip_grad_norm_` :
 * ils sont multipliés par min(1, τ / (‖g‖ + 10⁻⁶)).
 *
 * @param {Vector[]} grads modifiés sur place @param {number} maxNorm le seuil τ
 * @returns {number} la norme d'avant l'écrêtage
 */
export function clipGradNorm(grads, maxNorm) {
  if (!(maxNorm > 0)) {
    throw new RangeError(`maxNorm : reçu ${maxNorm}, attendu un nombre strictement positif`);
  }
  let sum = 0;
  for (const grad of grads) for (let k = 0; k < grad.length; k++) sum += grad[k] * grad[k];
  const norm = Math.sqrt(sum);
  const scale = Math.min(1, maxNorm / (norm + 1e-6));
  if (scale < 1) for (const grad of grads) for (let k = 0; k < grad.length; k++) grad[k] *= scale;
  return norm;
}
