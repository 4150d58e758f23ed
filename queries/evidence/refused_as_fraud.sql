-- title: Refused by Everflow for a sign of fraud
-- reason: Everflow refused {observed} of the clicks ({x} of {n}) with an error code that is a sign of fraud; of the others' clicks it was {expected}
-- about: Error codes that the table error_codes marks is_fraud_signal: duplicates, proxies, blocked addresses, the verdict of a
-- about: vendor. Caps, targeting and offers that ended are not among them. Reloading a page makes a duplicate as well.
-- basis: list
SELECT k.*, COALESCE(e.is_fraud_signal, false) AS is_hit
FROM rated_clicks AS k
LEFT JOIN error_codes AS e ON k.error_code = e.code
WHERE k.click_time BETWEEN $from AND $to
