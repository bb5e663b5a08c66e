import type { OpenedPart, ParseContext, ParsedPart, UnitRef } from '@edgeledger/core';
import { parseCsvPart } from '../csv/csv-part.ts';
import type { ConfiguredDataset } from '../dataset-settings.ts';

/** Far above any report (parts are limited to 64 MB, compressed or not), far below what a gzip bomb makes. */
export const DEFAULT_MAX_INFLATED_BYTES = 20 * 1024 ** 3;

/** A part of an imgix report: one CSV file with a header, gzipped or plain. */
export function parseImgixPart(
  unit: UnitRef,
  part: OpenedPart,
  context: ParseContext,
  options: { readonly configured: ConfiguredDataset; readonly maxInflatedBytes?: number | undefined },
): Promise<ParsedPart> {
  return parseCsvPart(part, context, {
    dataset: options.configured.dataset,
    rules: options.configured.rules,
    maxInflatedBytes: options.maxInflatedBytes ?? DEFAULT_MAX_INFLATED_BYTES,
    what: `${unit.reportKey}, part ${part.name}`,
  });
}
