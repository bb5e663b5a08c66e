/** What a migration `00NN_tidewater.sql` would hold; every table and column with its COMMENT. */
export const TIDEWATER_SQL = `
CREATE SCHEMA tidewater;
COMMENT ON SCHEMA tidewater IS 'Reports of Tidewater, as it sends them.';

CREATE TABLE tidewater.zone_traffic (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  zone text NOT NULL,
  requests bigint,
  egress_bytes bigint,
  load_id bigint NOT NULL,
  CONSTRAINT zone_traffic_unit_zone_pkey PRIMARY KEY (account, report_key, period_start, zone)
);
COMMENT ON TABLE tidewater.zone_traffic IS 'Requests and bytes of each zone and UTC day.';
COMMENT ON COLUMN tidewater.zone_traffic.zone IS 'Zone name.';
COMMENT ON COLUMN tidewater.zone_traffic.requests IS 'Requests that the zone answered. Tidewater: hits.';
COMMENT ON COLUMN tidewater.zone_traffic.egress_bytes IS 'Bytes sent to clients.';
`;
