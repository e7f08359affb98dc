// ONNX Runtime 1.29 and newer report on models, machine and use to their maker from Linux and macOS, unless they find this
// in the environment when they are loaded: so this file is imported before anything that loads them. Nothing but what a
// site has approved leaves it.
process.env.ORT_DISABLE_TELEMETRY = "1";
