import { messageOf } from "@fedbaps/core/common/errors.js";
import { cpuMs } from "./secagg-cpu.js";

// The parameters that NVIDIA FLARE sets for homomorphic encryption: 4096 numbers in each cipher text.
const DEGREE = 8192;
const MODULUS_BITS = [60, 40, 40];
const SCALE = 2 ** 40;

/** What is used of node-seal 6. Version 7 needs WebAssembly that Node 20 does not have. */
interface Deletable {
  delete(): void;
}
interface PlainText extends Deletable {}
interface CipherText extends Deletable {
  saveArray(): Uint8Array;
  loadArray(context: Deletable, bytes: Uint8Array): void;
}
interface SealLibrary {
  readonly SchemeType: { readonly ckks: unknown };
  readonly SecurityLevel: { readonly tc128: unknown };
  readonly CoeffModulus: { Create(degree: number, bits: Int32Array): unknown };
  EncryptionParameters(scheme: unknown): Deletable & {
    setPolyModulusDegree(degree: number): void;
    setCoeffModulus(modulus: unknown): void;
  };
  Context(parameters: Deletable, expand: boolean, level: unknown): Deletable & { parametersSet(): boolean };
  KeyGenerator(context: Deletable): Deletable & { secretKey(): Deletable; createPublicKey(): Deletable };
  CKKSEncoder(context: Deletable): Deletable & {
    readonly slotCount: number;
    encode(values: Float64Array, scale: number, plain: PlainText): void;
    decode(plain: PlainText): Float64Array;
  };
  Encryptor(context: Deletable, key: Deletable): Deletable & { encrypt(plain: PlainText, cipher: CipherText): void };
  Decryptor(context: Deletable, key: Deletable): Deletable & { decrypt(cipher: CipherText, plain: PlainText): void };
  Evaluator(context: Deletable): Deletable & { add(a: CipherText, b: CipherText, sum: CipherText): void };
  PlainText(): PlainText;
  CipherText(): CipherText;
}

/** Costs of one vector under CKKS: processor time in milliseconds, bytes as the library writes them (zstd). */
export interface CkksCosts {
  readonly cipherTexts: number;
  readonly encode: number;
  /** With the public key, and writing the bytes to send. */
  readonly encrypt: number;
  /** Reading the sum's bytes, decrypting it, and decoding it. */
  readonly decrypt: number;
  /** The coordinator's reading of one site's cipher texts, and adding them to a sum. */
  readonly add: number;
  readonly bytes: number;
  /** Largest error of a coordinate of the sum of two vectors. */
  readonly error: number;
}

/** Everybody's part of a sum under CKKS, through the library's own calls. */
export class CkksSum {
  readonly #seal: SealLibrary;
  readonly #context: Deletable;
  readonly #encoder: ReturnType<SealLibrary["CKKSEncoder"]>;
  readonly #encryptor: ReturnType<SealLibrary["Encryptor"]>;
  readonly #decryptor: ReturnType<SealLibrary["Decryptor"]>;
  readonly #evaluator: ReturnType<SealLibrary["Evaluator"]>;

  private constructor(seal: SealLibrary) {
    const parameters = seal.EncryptionParameters(seal.SchemeType.ckks);
    parameters.setPolyModulusDegree(DEGREE);
    parameters.setCoeffModulus(seal.CoeffModulus.Create(DEGREE, Int32Array.from(MODULUS_BITS)));
    const context = seal.Context(parameters, true, seal.SecurityLevel.tc128);
    if (!context.parametersSet()) throw new Error("SEAL refuses the parameters");
    const keys = seal.KeyGenerator(context);
    this.#seal = seal;
    this.#context = context;
    this.#encoder = seal.CKKSEncoder(context);
    this.#encryptor = seal.Encryptor(context, keys.createPublicKey());
    this.#decryptor = seal.Decryptor(context, keys.secretKey());
    this.#evaluator = seal.Evaluator(context);
  }

  static async open(): Promise<CkksSum> {
    const module: unknown = await import("node-seal");
    // A CommonJS package with a default export of its own.
    let factory = module as { default?: unknown };
    while (factory.default !== undefined) factory = factory.default as { default?: unknown };
    try {
      return new CkksSum(await (factory as unknown as () => Promise<SealLibrary>)());
    } catch (error) {
      throw new Error(`node-seal does not start (version 6 does in Node 20, version 7 does not): ${messageOf(error)}`);
    }
  }

  async measure(elements: number): Promise<CkksCosts> {
    const slots = this.#encoder.slotCount;
    const values = Float64Array.from({ length: elements }, (_, i) => Math.sin(i));
    const plain = this.#seal.PlainText();
    const [cipher, arrived, sum] = [this.#seal.CipherText(), this.#seal.CipherText(), this.#seal.CipherText()];
    const costs = {
      cipherTexts: Math.ceil(elements / slots),
      encode: 0,
      encrypt: 0,
      decrypt: 0,
      add: 0,
      bytes: 0,
      error: 0,
    };
    for (let start = 0; start < elements; start += slots) {
      const chunk = new Float64Array(slots);
      chunk.set(values.subarray(start, start + slots));
      costs.encode += (await cpuMs(() => this.#encoder.encode(chunk, SCALE, plain))).ms;
      const encrypted = await cpuMs(() => {
        this.#encryptor.encrypt(plain, cipher);
        return cipher.saveArray();
      });
      costs.encrypt += encrypted.ms;
      costs.bytes += encrypted.result.length;
      sum.loadArray(this.#context, encrypted.result);
      const added = await cpuMs(() => {
        arrived.loadArray(this.#context, encrypted.result);
        this.#evaluator.add(sum, arrived, sum);
      });
      costs.add += added.ms;
      const sent = sum.saveArray();
      const opened = await cpuMs(() => {
        arrived.loadArray(this.#context, sent);
        this.#decryptor.decrypt(arrived, plain);
        return this.#encoder.decode(plain);
      });
      costs.decrypt += opened.ms;
      costs.error = opened.result.reduce(
        (worst, value, i) => Math.max(worst, Math.abs(value - 2 * chunk[i])),
        costs.error,
      );
    }
    for (const object of [plain, cipher, arrived, sum]) object.delete();
    return costs;
  }
}
