import type { FrameAttributes } from "./functional-groups.js";
import { lookUp, sequenceTable } from "./lookup-table.js";
import { TAGS } from "./tags.js";

/** From stored values to units of the modality (PS3.3 C.11.1). */
export interface Modality {
  readonly toUnits: (stored: number) => number;
  /** Whether units can be negative. */
  readonly signed: boolean;
}

/** A file's rescale slope and intercept, or its Modality LUT; stored values as they are where it has neither. */
export function modalityOf(attributes: FrameAttributes, signed: boolean): Modality {
  const macro = TAGS.PixelValueTransformationSequence;
  const holder = attributes.holder(macro, TAGS.RescaleSlope) ?? attributes.holder(macro, TAGS.RescaleIntercept);
  const table = attributes.data.element(TAGS.ModalityLUTSequence)
    ? sequenceTable(attributes.data, TAGS.ModalityLUTSequence, signed)
    : undefined;
  if (table) return { toUnits: (stored) => lookUp(table, stored), signed: false };
  const slope = holder?.number(TAGS.RescaleSlope) ?? 1;
  const intercept = holder?.number(TAGS.RescaleIntercept) ?? 0;
  // A slope of 0 is a mistake of the writer: it would make all pixels alike.
  const factor = slope === 0 ? 1 : slope;
  return { toUnits: (stored) => stored * factor + intercept, signed: signed || intercept < 0 || factor < 0 };
}
