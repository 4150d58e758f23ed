-- title: Transaction ids in two partitions
-- group: Coverage
-- about: An id names one click. Landing keeps it once per partition of an account; one that lies in two partitions came with
-- about: two times and is counted twice by every query. Rows here are findings: none is how it should be.
-- needs: network-clicks | invalid-clicks | affiliate-clicks
SELECT
    account,
    transaction_id,
    count(*) AS partitions,
    min(click_time) AS first_time,
    max(click_time) AS last_time
FROM clicks
WHERE click_time BETWEEN $from AND $to
GROUP BY account, transaction_id
HAVING count(*) > 1
ORDER BY account, transaction_id
