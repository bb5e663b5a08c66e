-- Reports that the vendor dropped before they were loaded.
SELECT account, dataset, report_key FROM {{ source('ledger', 'gaps') }} WHERE state = 'lost'
