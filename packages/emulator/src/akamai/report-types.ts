import { endpointUsageType } from './endpoint-usage-type.ts';
import type { ReportTypeResource } from './report-type.ts';
import { bytesByCpcodeType, hitsByTimeType } from './traffic-report-types.ts';
import { usageDetailsType } from './usage-details-type.ts';

/** The types the emulator serves; `detailsLimit` replaces the documented 5000. */
export function createReportTypes(detailsLimit: number): readonly ReportTypeResource[] {
  return [endpointUsageType(), usageDetailsType(detailsLimit), hitsByTimeType(), bytesByCpcodeType()];
}
