-- title: Clicks that are counted twice
-- about: Transaction ids that lie in two partitions of an account; the query of the same name lists them. Each is counted twice
-- about: by every query.
-- severity: error
-- key: account
-- measure: ids
-- message: {{ ids|many("transaction id") }} in two partitions, counted twice, for example {{ example|short(60) }} (see: analyze run ids_in_two_partitions)
WITH twice AS (
    SELECT account, transaction_id
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, transaction_id
    HAVING count(*) > 1
)
SELECT account, count(*) AS ids, min(transaction_id) AS example
FROM twice
GROUP BY account
ORDER BY account
