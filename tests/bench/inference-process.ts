import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startInferenceServer } from "../support/inference-server.js";

const SELF = fileURLToPath(import.meta.url);
const MODEL = "seg";

/** A stand-in server in a process of its own, as a real one would be. */
export async function startInferenceProcess(file: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = fork(SELF, [file]);
  const [url] = (await once(child, "message")) as [string];
  return {
    url,
    async stop() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

if (process.argv[1] === SELF && process.send) {
  const server = await startInferenceServer({ models: { [MODEL]: process.argv[2] } });
  process.send(server.modelUrl(MODEL));
}
