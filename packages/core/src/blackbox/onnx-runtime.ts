import "./telemetry-off.js";

/** ONNX Runtime, loaded with its reports to its maker switched off. Only this and the threads of `onnx-worker.ts` load it. */
export * as ort from "onnxruntime-node";
