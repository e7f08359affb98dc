// Jest runs each test file in its own realm, whose typed arrays are not instances of the typed arrays that native
// add-ons (onnxruntime-node, sharp) check for. Handing the outer realm's constructors in solves it once for all.
import { TestEnvironment } from "jest-environment-node";

export default class RealmSharingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of [
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
    ])
      this.global[name] = globalThis[name];
  }
}
