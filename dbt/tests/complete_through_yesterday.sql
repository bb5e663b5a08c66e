-- Datasets that are not whole up to the last midnight but one.
SELECT account, dataset, complete_through FROM {{ source('ledger', 'freshness') }}
WHERE complete_through IS NULL OR complete_through < date_trunc('day', now(), 'UTC') - interval '1 day'
