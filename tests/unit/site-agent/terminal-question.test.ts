import { PassThrough } from "node:stream";
import { askTerminal } from "@fedbaps/site-agent/terminal-question.js";
import { describe, expect, jest, test } from "@jest/globals";

function asking(shown: boolean) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const interrupted = jest.fn();
  const answer = askTerminal("passphrase: ", {
    input,
    output,
    signal: new AbortController().signal,
    shown,
    interrupted,
  });
  return { input, answer, interrupted, written: () => String(output.read() ?? "") };
}

describe("a question at the terminal", () => {
  test("is answered by one line; a secret one is not shown", async () => {
    const { input, answer, written } = asking(false);
    input.write("of my own\r");
    await expect(answer).resolves.toBe("of my own");
    expect(written()).toBe("passphrase: \n");
  });

  // Seen as "unexpected error: AbortError" with a stack.
  test.each([
    ["Ctrl-C", "\u0003", 1],
    ["Ctrl-D", "\u0004", 0],
  ])("%s is no answer and no error", async (_key, typed, signals) => {
    for (const shown of [true, false]) {
      const { input, answer, interrupted } = asking(shown);
      input.write(typed);
      await expect(answer).resolves.toBeUndefined();
      expect(interrupted).toHaveBeenCalledTimes(signals);
    }
  });
});
