import type { Dataset, Logger, UnitRef } from '@edgeledger/core';
import type { Connection } from './connect.ts';

/** What every step of a load needs to know of it. */
export interface LoadIdentity {
  readonly loadId: string;
  readonly unitId: string;
  readonly unit: UnitRef;
  readonly dataset: Dataset;
  /** How many parts it is going to have, where that is known. */
  readonly partCount: number | undefined;
  /** `<account>/<dataset>/<report key> (load <id>)`, for messages. */
  readonly label: string;
}

/** What the steps of every load work with. */
export interface LoadContext {
  readonly connection: Connection;
  readonly logger: Logger;
}
