import fc from "fast-check";

// A fixed seed: a property that fails, fails in every run, for everybody. FEDBAPS_PROPERTY_SEED tries other cases.
fc.configureGlobal({ seed: Number(process.env.FEDBAPS_PROPERTY_SEED ?? 1) });

export { fc };
