import { it } from "@jest/globals";
import nacl from "tweetnacl";
import * as c from "node:crypto";
import { splitSecret, combineShares } from "@fedbaps/core/secagg/shamir.js";
import { sign, verify, createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
const X = Buffer.from("302a300506032b656e032100","hex"), PX = Buffer.from("302e020100300506032b656e04220420","hex");
async function t(name: string, f: () => unknown, n = 20) { await f(); const s = performance.now(); for (let i = 0; i < n; i++) await f(); console.log(name, ((performance.now() - s) / n).toFixed(3)); }
it("x", async () => {
  const k = nacl.box.keyPair(); const s32 = new Uint8Array(32).fill(3);
  const id = createIdentity("a", () => s32); const m = new Uint8Array(100); const sg = sign(m, id.sign.secretKey);
  await t("scalarMult", () => nacl.scalarMult(k.secretKey, k.publicKey));
  await t("sign kp", () => nacl.sign.keyPair.fromSeed(s32));
  await t("secretbox", () => nacl.secretbox(m, new Uint8Array(24), s32));
  await t("node x25519", () => c.diffieHellman({ privateKey: c.createPrivateKey({ key: Buffer.concat([PX, k.secretKey]), format: "der", type: "pkcs8" }), publicKey: c.createPublicKey({ key: Buffer.concat([X, k.publicKey]), format: "der", type: "spki" }) }));
  await t("node pub", () => c.createPublicKey(c.createPrivateKey({ key: Buffer.concat([PX, k.secretKey]), format: "der", type: "pkcs8" })).export({format:"der",type:"spki"}));
  await t("node sign", () => sign(m, id.sign.secretKey));
  await t("node verify", () => verify(m, sg, memberOf(id).signKey));
  await t("split 5 3", () => splitSecret(s32, 5, 3));
  await t("split 12 9", () => splitSecret(s32, 12, 9));
  const sh = await splitSecret(s32, 12, 9);
  await t("combine 9", () => combineShares(sh.slice(0, 9)));
});
