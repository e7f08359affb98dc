import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { afterAll, describe, it } from "@jest/globals";
import { type InferenceServer, startInferenceServer } from "../support/inference-server.js";
import { SAM_VARIANTS } from "../support/sam-graphs.js";
import { BUNDLED_FILE } from "../support/served-model.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { describeSegmentationModel } from "./segmentation-model.js";

removeTemporaryFolders();

describeSegmentationModel("bundled", () => openBlackBox("bundled"));

describeSegmentationModel("bundled, two threads", () => openBlackBox("bundled", { threads: 2 }));

// A meter in between must not change the contract.
describeSegmentationModel("bundled, metered", async () => {
  const meter = new QueryMeter(Number.POSITIVE_INFINITY, systemClock);
  return new MeteredModel(await openBlackBox("bundled"), meter, "report");
});

// One of each family; the unit tests go through all variants.
for (const variant of SAM_VARIANTS.filter(({ typical }) => typical))
  describeSegmentationModel(`sam-onnx, ${variant.name}`, async () =>
    openBlackBox(await variant.write(await temporaryFolder())),
  );

// The same model by way of a server.
const servers: InferenceServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));
for (const encoding of ["binary", "json"])
  describeSegmentationModel(`oip, ${encoding}`, async () => {
    const server = await startInferenceServer({ models: { seg: BUNDLED_FILE }, behaviour: { maxBatchSize: 4 } });
    servers.push(server);
    return openBlackBox(`oip:${server.modelUrl("seg")}#encoding=${encoding}`);
  });

const other = fileURLToPath(new URL("../../../shared/models/general-seg-128.onnx", import.meta.url));
if (existsSync(other)) describeSegmentationModel("onnx:FILE", () => openBlackBox(`onnx:${other}`));
else {
  console.warn(
    "skipped: no ../shared/models/general-seg-128.onnx beside the repository, so no second model is held to it",
  );
  describe("black box onnx:FILE", () => {
    it.skip("no ../shared/models/general-seg-128.onnx beside the repository", () => {});
  });
}
