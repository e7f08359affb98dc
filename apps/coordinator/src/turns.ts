/** How long this process works before it looks again at what has come in over its links. */
const TURN_MILLISECONDS = 10;

// There is one event loop, so there is one line of those who wait for its next turn.
let since = performance.now();
const waiting: (() => void)[] = [];

/**
 * Lets the event loop turn, once there has been so much work that others would notice. What awaits it in a loop, or
 * before each of many tasks, holds nobody up; promises alone never let a socket or a timer in.
 */
export function turn(): Promise<void> | undefined {
  // In order: nobody overtakes those who wait.
  if (waiting.length === 0 && performance.now() - since < TURN_MILLISECONDS) return undefined;
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(next);
  });
}

/** One waiter in each turn of the loop: together they would be as long as before. */
function next(): void {
  since = performance.now();
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}
