import { availableParallelism, freemem, totalmem } from "node:os";
import { startTensorBackend } from "@fedbaps/core/decoder/tensor-backend.js";
import { type Check, failed, ok, warning } from "./check.js";

const OLDEST_NODE = 20;
const GIB = 2 ** 30;
/** A black box of the Segment Anything family takes one to three. */
const LITTLE_MEMORY = 2 * GIB;

/** What the program stands on: Node, memory, processors, the library that trains decoders. */
export function machineChecks(): Check[] {
  return [
    {
      name: "node",
      seconds: 1,
      look: async () => {
        const { node } = process.versions;
        return Number.parseInt(node, 10) >= OLDEST_NODE
          ? ok(`Node ${node} on ${process.platform} ${process.arch}`)
          : failed(`Node ${node} is too old`, `install Node ${OLDEST_NODE} or newer`);
      },
    },
    {
      name: "memory",
      seconds: 1,
      look: async () => {
        // In a container its own limit counts; where there is none, this is huge or zero.
        const constrained = process.constrainedMemory();
        const all = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
        const free = Math.min(all, freemem());
        const message = `${gib(free)} GiB of ${gib(all)} GiB memory free, ${availableParallelism()} processors`;
        return free >= LITTLE_MEMORY
          ? ok(message)
          : warning(message, "enough for small models; a large one (SAM) takes 2 GiB and more");
      },
    },
    {
      name: "decoder",
      seconds: 30,
      look: async () => {
        const backend = await startTensorBackend();
        return ok(`TensorFlow.js runs on its ${backend} backend`);
      },
    },
  ];
}

const gib = (bytes: number) => (bytes / GIB).toFixed(1);
