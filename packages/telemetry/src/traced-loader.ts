import type { Load, Loader, Tracer } from '@edgeledger/core';

/** A loader whose COPYs, comparisons and publications are spans. Whatever else a load can do is passed through. */
export function createTracedLoader(loader: Loader, tracer: Tracer): Loader {
  return {
    ...loader,
    begin: async (unit, dataset, expected) => traced(await loader.begin(unit, dataset, expected), tracer),
    resume: async (loadId, dataset, expected) =>
      traced(await loader.resume(loadId, dataset, expected), tracer),
  };
}

function traced(load: Load, tracer: Tracer): Load {
  const attributes = {
    'edgeledger.account': load.unit.account,
    'edgeledger.dataset': load.dataset.name,
    'edgeledger.report_key': load.unit.reportKey,
    'edgeledger.load_id': load.loadId,
  };
  return {
    ...load,
    stageSamePart: (partNo, partName, part, onProgress) =>
      tracer.trace(
        `compare ${load.dataset.name}`,
        { ...attributes, 'edgeledger.part': partNo },
        async (span) => {
          const receipt = await load.stageSamePart(partNo, partName, part, onProgress);
          span.set({ 'edgeledger.same': receipt !== undefined });
          if (receipt !== undefined) {
            span.set({ 'edgeledger.rows': receipt.rows, 'edgeledger.bytes': receipt.bytes });
          }
          return receipt;
        },
      ),
    stagePart: (partNo, partName, part, onProgress) =>
      tracer.trace(
        `COPY ${load.dataset.name}`,
        { ...attributes, 'edgeledger.part': partNo },
        async (span) => {
          const receipt = await load.stagePart(partNo, partName, part, onProgress);
          span.set({ 'edgeledger.rows': receipt.rows, 'edgeledger.bytes': receipt.bytes });
          return receipt;
        },
      ),
    publish: (request) =>
      tracer.trace(`publish ${load.dataset.name}`, attributes, async (span) => {
        const result = await load.publish(request);
        span.set({ 'edgeledger.outcome': result.outcome, 'edgeledger.rows_inserted': result.rowsInserted });
        return result;
      }),
  };
}
