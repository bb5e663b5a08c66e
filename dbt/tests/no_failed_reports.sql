-- Reports whose last attempt failed; the message says what to do.
SELECT account, dataset, report_key, error_message FROM {{ source('ledger', 'gaps') }} WHERE state = 'failed'
