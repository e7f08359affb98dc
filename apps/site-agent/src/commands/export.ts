import { join, resolve } from "node:path";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { TOLERANCE } from "@fedbaps/core/export/agreement.js";
import { type ExportBundle, makeExport } from "@fedbaps/core/export/bundle.js";
import { worstOf } from "@fedbaps/core/export/check.js";
import { SPECIMENS } from "@fedbaps/core/export/specimens.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { checkFolder, writeFolder } from "../export/folder.js";
import { type Fitted, fittedTo } from "../export/sizing.js";
import { type ExportSource, exportSource } from "../export/source.js";
import { Home } from "../home.js";
import { BLACKBOX_HELP, type HomeOption, homeFolder } from "../options.js";
import { VERSION } from "../version.js";
import { WorkProgress } from "../work-progress.js";

interface ExportOptions extends HomeOption {
  readonly study?: string;
  readonly decoder?: string;
  readonly blackbox?: string;
  readonly out: string;
  readonly anyway?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `fedbaps-site export`: a decoder for use without this program. */
export function exportCommand(io: CommandIo): Command {
  const command = new Command("export")
    .description("write a decoder for use without this program: .safetensors, and an ONNX graph that draws its prompts")
    .option("--study <name>", "the study whose decoder is meant (default: the one that finished here last)")
    .option("--decoder <file>", "a decoder (.safetensors) instead of a study's")
    .option("--blackbox <spec>", `${BLACKBOX_HELP}; needed only where the decoder does not know its sizes`)
    .option("--out <dir>", "folder for the files", "fedbaps-export")
    .option("--anyway", "also a version that this site does not use, as it stays zero-shot or its study goes on")
    .option("--force", "replace files in that folder that are not of an export")
    .option("--json", "print one JSON document on standard output");
  return command.action(() => run(io, command.optsWithGlobals()));
}

async function run(io: CommandIo, options: ExportOptions): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const { study, decoder: file, anyway = false } = options;
  const source = await exportSource({ home, study, file, anyway });
  const out = resolve(options.out);
  if (!options.force) await checkFolder(out);
  const fitted = await fittedTo(io, options, source);
  const bundle = await make(io, source, fitted);
  await writeFolder(out, bundle);
  if (options.json) printJson(io, figures(out, source, fitted, bundle));
  else print(io, out, source, bundle);
}

async function make(io: CommandIo, { theta }: ExportSource, fitted: Fitted): Promise<ExportBundle> {
  const decoder = await openDecoder(fitted.provenance.decoder);
  const progress = new WorkProgress(io, "pictures compared", SPECIMENS);
  try {
    return await makeExport(
      { ...fitted, decoder, theta, producerVersion: VERSION },
      { signal: io.signal, onSpecimen: (done) => progress.show(done) },
    );
  } finally {
    progress.end();
  }
}

/** Differences are in grey levels of 0..255. */
function figures(out: string, source: ExportSource, fitted: Fitted, { files, agreements }: ExportBundle) {
  const { decoder, study, version, blackbox, blackboxIdentity } = fitted.provenance;
  return {
    out,
    study,
    version,
    deployed: source.deployed,
    decoder,
    decoderParameters: source.theta.length,
    blackbox: { name: blackbox, identity: blackboxIdentity, ...fitted.sizing },
    files: files.map(({ name, bytes }) => ({ file: join(out, name), bytes: bytes.length, sha256: sha256Hex(bytes) })),
    agreement: { allowed: 255 * TOLERANCE, worst: worstOf(agreements), pictures: agreements },
  };
}

function print(io: CommandIo, out: string, source: ExportSource, { files, agreements }: ExportBundle): void {
  if (!source.deployed) say(io, "note: this site does not use this decoder; measure before anybody does");
  io.stdout(
    `${source.reason}\n` +
      `compared with this program on ${agreements.length} drawn pictures: at most ` +
      `${worstOf(agreements).toExponential(1)} of 255 grey levels apart\n`,
  );
  for (const { name, bytes } of files) io.stdout(`${name.padEnd(20)} ${Math.ceil(bytes.length / 1000)} kB\n`);
  io.stdout(`in ${out}; they were made from patients' images: handing them on is this site's decision\n`);
}
