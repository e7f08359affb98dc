import "./telemetry-off.js";

/** ONNX Runtime, loaded with its reports to its maker switched off. The only place that loads it. */
export * as ort from "onnxruntime-node";
