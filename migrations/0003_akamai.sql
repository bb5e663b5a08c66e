-- Akamai reports. The vendor sends numbers as text; "N/A" and "Other" become NULL, never 0.

CREATE TABLE akamai.endpoint_usage_by_time (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  object_id text NOT NULL DEFAULT '',
  edge_bytes bigint,
  edge_hits bigint,
  midgress_bytes bigint,
  load_id bigint NOT NULL,
  CONSTRAINT endpoint_usage_by_time_unit_object_id_pkey
    PRIMARY KEY (account, report_key, period_start, object_id)
);

COMMENT ON TABLE akamai.endpoint_usage_by_time IS
  'Traffic of API endpoints per five minutes (Akamai Reporting API v1 report endpoint-usage-by-time).';
COMMENT ON COLUMN akamai.endpoint_usage_by_time.object_id IS 'CP code the figures are of; blank when the stream adds all of its CP codes up.';
COMMENT ON COLUMN akamai.endpoint_usage_by_time.edge_bytes IS 'Bytes from the edge to clients (edgeBytes); NULL when the vendor writes N/A.';
COMMENT ON COLUMN akamai.endpoint_usage_by_time.edge_hits IS 'Requests at the edge (edgeHits); NULL when the vendor writes N/A.';
COMMENT ON COLUMN akamai.endpoint_usage_by_time.midgress_bytes IS 'Bytes between Akamai servers (midgressBytes); NULL when the vendor writes N/A.';

CREATE TABLE akamai.api_usage_details (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  part integer NOT NULL,
  row_no bigint NOT NULL,
  "timestamp" timestamptz,
  client_id text,
  client_ip text,
  client_owner text,
  client_token text,
  method text,
  uri text,
  response_code text,
  endpoint text,
  response_status text,
  load_id bigint NOT NULL,
  CONSTRAINT api_usage_details_unit_part_row_no_pkey
    PRIMARY KEY (account, report_key, period_start, part, row_no)
);

COMMENT ON TABLE akamai.api_usage_details IS
  'Single calls of Akamai APIs (Reporting API v1 report apiusagedetails-by-time, or v2 common/apis/usage-details). period_start is the five minutes of the call.';
COMMENT ON COLUMN akamai.api_usage_details.part IS 'Number of the part (sub-window) the row came from.';
COMMENT ON COLUMN akamai.api_usage_details.row_no IS 'Ordinal of the record in its part, 1-based, rejected records counted too.';
COMMENT ON COLUMN akamai.api_usage_details."timestamp" IS 'When the call was made, UTC, to the second (timestamp); NULL in the row Other.';
COMMENT ON COLUMN akamai.api_usage_details.client_id IS 'API client id (clientId).';
COMMENT ON COLUMN akamai.api_usage_details.client_ip IS 'Address the call came from (clientIp).';
COMMENT ON COLUMN akamai.api_usage_details.client_owner IS 'Owner of the API client (clientOwner).';
COMMENT ON COLUMN akamai.api_usage_details.client_token IS 'Client token of the credential (v1 clientToken, v2 authorizationClientToken).';
COMMENT ON COLUMN akamai.api_usage_details.method IS 'HTTP method in upper case (v1 method, v2 requestMethod).';
COMMENT ON COLUMN akamai.api_usage_details.uri IS 'Path that was called (v1 uri, v2 requestUri).';
COMMENT ON COLUMN akamai.api_usage_details.response_code IS 'HTTP status as the vendor sends it (responseCode). In v2 assumed by analogy.';
COMMENT ON COLUMN akamai.api_usage_details.endpoint IS 'API endpoint (v2 endpoint); NULL from v1.';
COMMENT ON COLUMN akamai.api_usage_details.response_status IS 'Whether the call succeeded (v2 responseStatus); NULL from v1.';

CREATE TABLE akamai.report_summaries (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  metric text NOT NULL,
  value numeric,
  details jsonb,
  load_id bigint NOT NULL,
  CONSTRAINT report_summaries_unit_metric_pkey
    PRIMARY KEY (account, report_key, period_start, metric)
);

COMMENT ON TABLE akamai.report_summaries IS
  'The vendor''s own summary statistics of a window, kept to verify sums.';
COMMENT ON COLUMN akamai.report_summaries.metric IS 'Name of the statistic as the vendor writes it, for example edgeBytesTotal.';
COMMENT ON COLUMN akamai.report_summaries.value IS 'Its value; NULL when the vendor writes N/A.';
COMMENT ON COLUMN akamai.report_summaries.details IS 'What the vendor adds to it (details).';

-- what every data table has in common
DO $$
DECLARE
  data_table text;
BEGIN
  FOREACH data_table IN ARRAY ARRAY[
    'endpoint_usage_by_time',
    'api_usage_details',
    'report_summaries'
  ] LOOP
    EXECUTE format('COMMENT ON COLUMN akamai.%I.account IS %L', data_table,
      'Account name of the source, as configured.');
    EXECUTE format('COMMENT ON COLUMN akamai.%I.report_key IS %L', data_table,
      'The unit the row belongs to, see ledger.units.');
    EXECUTE format('COMMENT ON COLUMN akamai.%I.period_start IS %L', data_table,
      'Start of the row''s interval (or of the window), UTC, inclusive.');
    EXECUTE format('COMMENT ON COLUMN akamai.%I.period_end IS %L', data_table,
      'End of the row''s interval (or of the window), UTC, exclusive.');
    EXECUTE format('COMMENT ON COLUMN akamai.%I.load_id IS %L', data_table,
      'The load that wrote the row as it is, see ledger.loads.');
  END LOOP;
END
$$;
