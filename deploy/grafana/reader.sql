-- A login for Grafana that may read the data and the ledger, and nothing else (migration 0005 grants that to
-- edgeledger_reader). Repeating it sets the password anew.
\getenv password GRAFANA_READER_PASSWORD
SELECT 'CREATE ROLE grafana LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN PASSWORD :'password' CONNECTION LIMIT 10;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';
GRANT edgeledger_reader TO grafana;
