import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { fingerprint, verify } from "@fedbaps/core/secagg/keys.js";
import { enrolRequestSchema } from "@fedbaps/core/wire/messages.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { Router } from "express";
import { CoordinatorError } from "../errors.js";
import type { SiteRepository } from "../store/site-repository.js";

export interface EnrolmentComponents {
  readonly sites: SiteRepository;
  readonly publicKey: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** POST /enrol: a site turns its one-time code into a membership that waits for approval. No token: the code is it. */
export function enrolmentRoutes({ sites, publicKey, clock, logger }: EnrolmentComponents): Router {
  const router = Router();
  router.post("/enrol", async (request, response) => {
    const { signature, ...body } = enrolRequestSchema.parse(request.body);
    if (!verify(enrolTranscript(body), signature, body.signKey))
      throw new CoordinatorError("BAD_SIGNATURE", "the signature does not show possession of the key");
    const { code, site, signKey, boxKey } = body;
    const status = await sites.enrol(code, { site, signKey, boxKey }, clock.now());
    logger.info("site-enrolled", { site });
    response.status(201).json({ site, status, coordinator: publicKey, fingerprint: fingerprint(publicKey) });
  });
  return router;
}
