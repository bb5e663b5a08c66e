import { expect, test } from 'vitest';
import { openAkamaiLab } from './akamai-lab.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const FROM = new Date('2026-11-19T00:00:00Z');
const TO = new Date('2026-11-20T00:00:00Z');
const V1 = { name: 'default', dataset: 'api_usage_details', objectIds: ['1-123A', '1-1TGTG'] } as const;
const V2 = { name: 'default', dataset: 'api_usage_details', api: 'v2', objectIds: 'all' } as const;
const TOTALS = { name: 'default', dataset: 'api_usage', objectIds: 'all' } as const;

const CALLS_SQL = `SELECT client_id, client_ip, client_owner, client_token, method, response_code, uri,
  to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS timestamp
  FROM akamai.api_usage_details ORDER BY "timestamp", part, row_no`;

test('40,000 calls in one hour behind a limit of 5,000 are all there', async () => {
  const lab = await openAkamaiLab(NOW, [V1], {
    akamai: {
      detailsBurst: {
        from: new Date('2026-11-19T09:00:00Z'),
        to: new Date('2026-11-19T10:00:00Z'),
        calls: 40_000,
      },
    },
  });
  await lab.run(1);
  const rows = await lab.database.query(
    `${CALLS_SQL.replace('ORDER BY', "WHERE period_start < '2026-11-20Z' ORDER BY")}`,
  );
  const truth = lab.emulator.truth.apiUsageDetails(lab.emulator.scope.accountIds, FROM, TO);
  expect(rows).toHaveLength(truth.length);
  expect(rows.length).toBeGreaterThan(40_000);
  expect(rows).toEqual(
    truth.map((call) => ({
      client_id: call.clientId,
      client_ip: call.clientIp,
      client_owner: call.clientOwner,
      client_token: call.clientToken,
      method: call.method.toUpperCase(),
      response_code: call.responseCode,
      uri: call.uri,
      timestamp: call.timestamp,
    })),
  );
  expect(await lab.database.query(`SELECT kind FROM ledger.findings WHERE kind = 'truncated'`)).toEqual([]);
  const [misfiled] = await lab.database.query(
    `SELECT count(*)::int AS count FROM akamai.api_usage_details
     WHERE period_start <> date_bin('5 minutes', "timestamp", '2000-01-01Z') OR period_end <> period_start + interval '5 minutes'`,
  );
  expect(misfiled).toEqual({ count: 0 });

  const [classes] = await lab.database.query(
    `SELECT sum(share)::float8 AS share, sum(calls)::int AS calls FROM akamai.api_call_errors_daily WHERE day = '2026-11-19'`,
  );
  expect(classes?.calls).toBe(truth.length);
  expect(classes?.share).toBeCloseTo(1, 4);
  const [top] = await lab.database.query(
    `SELECT client_owner, client_id, calls::int FROM akamai.api_top_callers_daily WHERE day = '2026-11-19' AND rank = 1`,
  );
  const counts = [...Map.groupBy(truth, (call) => call.clientId).values()].map((calls) => calls.length);
  expect(top?.calls).toBe(Math.max(...counts));
  const [hour] = await lab.database.query(
    `SELECT calls::int FROM akamai.api_calls_hourly WHERE hour = '2026-11-19T09:00Z'`,
  );
  expect(hour?.calls).toBeGreaterThanOrEqual(40_000);
});

test('v2 calls and hourly totals agree; calls that are missing become a finding', async () => {
  const lab = await openAkamaiLab(NOW, [V2, TOTALS], { akamai: { v2DataPoints: 300 } });
  await lab.run(2);
  const [counts] = await lab.database.query(
    `SELECT (SELECT count(*) FROM akamai.api_usage_details WHERE period_start < '2026-11-20Z')::int AS calls,
       (SELECT sum(requests_sum) FROM akamai.api_usage WHERE period_start < '2026-11-20Z')::int AS requests`,
  );
  expect(counts?.calls).toBe(counts?.requests);
  expect(counts?.calls).toBeGreaterThan(1000);
  const open = () =>
    lab.database.query(
      `SELECT dataset, kind FROM ledger.findings WHERE resolved_at IS NULL ORDER BY dataset`,
    );
  expect(await open()).toEqual([]);

  const filtered = await openAkamaiLab(NOW, [{ ...V2, filters: { requestMethod: ['GET'] } }, TOTALS]);
  await filtered.run(1);
  const found = await filtered.database.query(
    `SELECT message, details -> 'stream_key' AS stream FROM ledger.findings WHERE kind = 'count-mismatch'`,
  );
  expect(found.length).toBeGreaterThan(0);
  expect(found[0]).toEqual({
    stream: 'default_20261119',
    message: expect.stringMatching(/hours of default_20261119 have another number of single calls/),
  });
});

test('switching a stream to v2 goes on with the units that v1 began', async () => {
  const lab = await openAkamaiLab(NOW, [V1]);
  await lab.run(1);
  const keys = () => lab.database.query('SELECT report_key FROM ledger.units ORDER BY 1');
  const before = await keys();
  const other = await openAkamaiLab(NOW, [V2]);
  await other.run(1);
  expect(await other.database.query('SELECT report_key FROM ledger.units ORDER BY 1')).toEqual(before);
});

test('a full second of v1 is a finding, and nothing else is lost', async () => {
  const second = new Date('2026-11-19T09:00:00Z');
  const lab = await openAkamaiLab(NOW, [V1], {
    akamai: {
      detailsLimit: 50,
      detailsPerDay: 100,
      detailsOtherRow: true,
      detailsBurst: { from: second, to: new Date(second.getTime() + 1000), calls: 80 },
    },
  });
  await lab.run(1);
  const truth = lab.emulator.truth.apiUsageDetails(lab.emulator.scope.accountIds, FROM, TO);
  const [rows] = await lab.database.query(
    `SELECT count(*)::int AS rows, count(*) FILTER (WHERE "timestamp" IS NULL)::int AS other
     FROM akamai.api_usage_details WHERE period_start < '2026-11-20Z'`,
  );
  expect(rows).toEqual({ rows: truth.length - 80 + 50, other: 1 });
  const findings = await lab.database.query(
    `SELECT kind, details ->> 'start' AS start FROM ledger.findings WHERE kind = 'truncated'`,
  );
  expect(findings).toEqual([{ kind: 'truncated', start: '2026-11-19T09:00:00Z' }]);
});
