// Jest runs each test file in its own realm, whose typed arrays are not instances of the typed arrays that native
// add-ons (onnxruntime-node, sharp) check for. Handing the outer realm's constructors in solves it once for all.
import { runInContext } from "node:vm";
import { TestEnvironment } from "jest-environment-node";

const SHARED = [
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  "Uint8Array",
  "Uint8ClampedArray",
  "Uint16Array",
  "Uint32Array",
  "Int8Array",
  "Int16Array",
  "Int32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float32Array",
  "Float64Array",
];

// In such a realm every look at a global goes through an interceptor, some 0.3 microseconds each: `Math.min` in a loop
// over pixels takes longer than the black box. A declaration of the same name is found first, and at full speed.
const DECLARED = [...SHARED, "Math", "Number"];

export default class RealmSharingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of SHARED) this.global[name] = globalThis[name];
    runInContext(DECLARED.map((name) => `const ${name} = globalThis.${name};`).join("\n"), this.getVmContext());
  }
}
