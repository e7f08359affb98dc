/** What people type, by verb; the help of each shows them. Every one is a whole command line that parses. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  "": ["fedbaps-site init --site ward-7 --data /data/lesions", "fedbaps-site doctor", "fedbaps-site run --out results"],
  doctor: [
    "fedbaps-site doctor",
    "fedbaps-site doctor --coordinator https://fed.example.org --no-query",
    "fedbaps-site doctor --json",
  ],
  init: [
    "fedbaps-site init --site st-mary --data /data/lesions --blackbox onnx:medseg.onnx",
    "fedbaps-site --home /var/lib/fedbaps init --site st-mary",
  ],
  enroll: [
    "fedbaps-site enroll --coordinator https://fed.example.org",
    "fedbaps-site enroll --coordinator https://fed.example.org --code-file invite.txt",
  ],
  renew: ["fedbaps-site renew"],
  passphrase: ["fedbaps-site passphrase", "fedbaps-site passphrase --remove"],
  roster: ["fedbaps-site roster show"],
  "roster show": ["fedbaps-site roster show", "fedbaps-site roster show --json"],
  "roster accept": ["fedbaps-site roster accept", 'fedbaps-site roster accept --words "apple river ..."'],
  study: ["fedbaps-site study list", "fedbaps-site study show lesions"],
  "study list": ["fedbaps-site study list", "fedbaps-site study list --json"],
  "study show": ["fedbaps-site study show lesions"],
  "study approve": ["fedbaps-site study approve lesions"],
  "study decline": ["fedbaps-site study decline lesions"],
  status: ["fedbaps-site status", "fedbaps-site status --json"],
  data: ["fedbaps-site data check /data/lesions"],
  "data check": ["fedbaps-site data check", "fedbaps-site data check /data/lesions --json"],
  blackbox: ["fedbaps-site blackbox check bundled"],
  "blackbox check": [
    "fedbaps-site blackbox check bundled",
    "fedbaps-site blackbox check sam-onnx:sam_vit_b.encoder.onnx,sam_vit_b.decoder.onnx --mask mask.png",
    "fedbaps-site blackbox check oip:https://triton.example.org/v2/models/medsam --json",
  ],
  evaluate: [
    "fedbaps-site evaluate",
    "fedbaps-site evaluate --data /data/lesions --adapted results/decoder.safetensors --clicks 3",
  ],
  adapt: [
    "fedbaps-site adapt --data /data/lesions --budget 1500 --out adapted",
    "fedbaps-site adapt --data /data/lesions --blackbox onnx:medseg.onnx --decoder baps --json",
  ],
  run: ["fedbaps-site run", "fedbaps-site run --out results --once"],
  predict: [
    "fedbaps-site predict image.png --point 120,80",
    "fedbaps-site predict scan.dcm --box 40,30,180,160 --frame 2",
    "fedbaps-site predict images --points clicks.csv --out masks",
  ],
  report: [
    "fedbaps-site report",
    "fedbaps-site report lesions --out report.html",
    "fedbaps-site report fedbaps-adapted --data /data/lesions",
  ],
  export: [
    "fedbaps-site export --study lesions --out exported",
    "fedbaps-site export --decoder adapted/decoder.safetensors --out exported --json",
  ],
  completion: [
    "source <(fedbaps-site completion bash)",
    "fedbaps-site completion bash > ~/.local/share/bash-completion/completions/fedbaps-site",
    "fedbaps-site completion fish > ~/.config/fish/completions/fedbaps-site.fish",
  ],
};

/** The end of a verb's help. @param path the verb with those above it: "study approve" */
export function examplesText(path: string): string {
  const lines = EXAMPLES[path] ?? [];
  if (lines.length === 0) return "";
  return `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
