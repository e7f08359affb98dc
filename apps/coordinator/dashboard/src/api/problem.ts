export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** An answer of the API that is not what was asked for, or none at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: readonly Fault[] = [],
  ) {
    super(detail);
  }

  /** Nobody answered: not this request's fault. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

/** What went wrong and what to do, in one or two plain sentences. */
export function problemWords(problem: unknown): string {
  if (!(problem instanceof Problem)) return "Something unexpected happened here. Reload the page to try again.";
  if (problem.unreachable) return "The coordinator does not answer. It is asked again by itself.";
  if (problem.status === 429) return "Too many requests in a short time. Wait a minute and try again.";
  if (problem.status >= 500) return "The coordinator failed at this. Its log says why; try again in a moment.";
  const detail = problem.message.charAt(0).toUpperCase() + problem.message.slice(1);
  return /[.!?]$/.test(detail) ? detail : `${detail}.`;
}
