/** Step and perturbation sizes over the run; `k` counts steps from 0. */
export interface GainSequence {
  /** Step size a_k. */
  readonly step: (k: number) => number;
  /** Perturbation size c_k. */
  readonly perturbation: (k: number) => number;
}

/**
 * The gains of BAPS's code: a_k = a x 0.33^floor(k / 300), c_k = c / (k + 1)^gamma. (Its configuration also names the
 * alpha and A of Spall's a / (k + A)^alpha, which the code never reads.)
 */
export function steppedGains(init: { a: number; c: number; gamma: number }): GainSequence {
  return {
    step: (k) => init.a * 0.33 ** Math.floor(k / 300),
    perturbation: (k) => init.c / (k + 1) ** init.gamma,
  };
}

/** The step decays along half a cosine from `a` to `floor` x a over `steps`; c_k = c / (k + 1)^gamma. */
export function cosineGains(init: { a: number; steps: number; floor: number; c: number; gamma: number }): GainSequence {
  return {
    step: (k) => {
      const progress = Math.min(1, k / Math.max(1, init.steps));
      return init.a * (init.floor + ((1 - init.floor) * (1 + Math.cos(Math.PI * progress))) / 2);
    },
    perturbation: (k) => init.c / (k + 1) ** init.gamma,
  };
}
