-- title: Clicks by error code
-- group: Error codes
-- about: How many clicks of an account got which error code, with the code's class and one of its messages. Code 0 is a
-- about: valid click. share_of_invalid is the share among the account's invalid clicks, so it holds for every feed; a code
-- about: that the dictionary does not know is of class unknown. Invalid is not fraud: is_fraud_signal says which codes hint
-- about: at it.
-- needs: invalid-clicks | affiliate-clicks
-- chart: bar x=clicks y=name color=class
WITH counted AS (
    SELECT
        account,
        error_code,
        max(error_message) AS message,
        count(*) AS clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, error_code
)
SELECT
    c.account,
    c.error_code,
    e.name,
    COALESCE(e.class, 'unknown') AS class,
    e.is_fraud_signal,
    c.clicks,
    CASE
        WHEN c.error_code <> 0 THEN
            CAST(c.clicks AS DOUBLE) / sum(CASE WHEN c.error_code <> 0 THEN c.clicks END) OVER (PARTITION BY c.account)
    END AS share_of_invalid,
    c.message
FROM counted AS c
LEFT JOIN error_codes AS e ON c.error_code = e.code
ORDER BY c.account, c.clicks DESC, c.error_code
