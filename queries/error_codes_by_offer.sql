-- title: Error codes by offer
-- group: Error codes
-- about: Which offers refuse clicks, and why. share_of_invalid is the share among the row's invalid clicks. Code 0, a valid click, is left out; a code that the
-- about: dictionary does not know is of class unknown. Invalid is not fraud: is_fraud_signal says which codes hint at it.
-- needs: invalid-clicks | affiliate-clicks
-- param: min_clicks bigint = 10    hide rows with fewer clicks
-- chart: bar x=clicks y=offer_name color=class
WITH counted AS (
    SELECT account, offer_id, max(offer_name) AS offer_name, error_code, count(*) AS clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND error_code <> 0
    GROUP BY account, offer_id, error_code
),
shared AS (
    -- Before any row is hidden, for a share is one of all.
    SELECT *, CAST(clicks AS DOUBLE) / sum(clicks) OVER (PARTITION BY account, offer_id) AS share_of_invalid
    FROM counted
)
SELECT
    c.account,
    c.offer_id,
    c.offer_name,
    c.error_code,
    e.name,
    COALESCE(e.class, 'unknown') AS class,
    e.is_fraud_signal,
    c.clicks,
    c.share_of_invalid
FROM shared AS c
LEFT JOIN error_codes AS e ON c.error_code = e.code
WHERE c.clicks >= $min_clicks
ORDER BY c.account, c.clicks DESC, c.offer_id, c.error_code
