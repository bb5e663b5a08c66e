/** What a migration `00NN_video_analytics.sql` would hold. */
export const VIDEO_ANALYTICS_SQL = `
CREATE TABLE imgix.video_analytics (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  source_id text NOT NULL,
  codec text NOT NULL,
  plays bigint,
  encoded_seconds numeric,
  load_id bigint NOT NULL,
  CONSTRAINT video_analytics_pkey PRIMARY KEY (account, report_key, period_start, source_id, codec)
);
COMMENT ON TABLE imgix.video_analytics IS 'Plays and encoded seconds of each Source and codec and UTC day.';
COMMENT ON COLUMN imgix.video_analytics.plays IS 'Videos that were played. imgix: requests.';
`;
