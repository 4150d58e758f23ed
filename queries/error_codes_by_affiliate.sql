-- title: Error codes by affiliate
-- group: Error codes
-- about: Whose clicks are refused, and why. The affiliate feed names no affiliate: an affiliate's own account is one without id. share_of_invalid is the share among the row's invalid clicks. Code 0, a valid click, is left out; a code that the
-- about: dictionary does not know is of class unknown. Invalid is not fraud: is_fraud_signal says which codes hint at it.
-- needs: invalid-clicks | affiliate-clicks
-- param: min_clicks bigint = 10    hide rows with fewer clicks
-- chart: bar x=clicks y=affiliate_name color=class
WITH counted AS (
    SELECT account, affiliate_id, max(affiliate_name) AS affiliate_name, error_code, count(*) AS clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND error_code <> 0
    GROUP BY account, affiliate_id, error_code
),
shared AS (
    -- Before any row is hidden, for a share is one of all.
    SELECT *, CAST(clicks AS DOUBLE) / sum(clicks) OVER (PARTITION BY account, affiliate_id) AS share_of_invalid
    FROM counted
)
SELECT
    c.account,
    c.affiliate_id,
    c.affiliate_name,
    c.error_code,
    e.name,
    COALESCE(e.class, 'unknown') AS class,
    e.is_fraud_signal,
    c.clicks,
    c.share_of_invalid
FROM shared AS c
LEFT JOIN error_codes AS e ON c.error_code = e.code
WHERE c.clicks >= $min_clicks
ORDER BY c.account, c.clicks DESC, c.affiliate_id NULLS LAST, c.error_code
