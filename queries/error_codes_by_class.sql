-- title: Invalid clicks by class of error code
-- group: Error codes
-- about: How many clicks were refused for which kind of reason: caps, lifecycle, targeting, policy, duplicates, proxies, the verdict
-- about: of a vendor, ... share_of_invalid is the share among the account's invalid clicks, error_codes is how many codes of the
-- about: class there were; a code that the dictionary does not know is of class unknown. Invalid is not fraud: fraud_signals counts
-- about: the clicks whose code hints at it.
-- needs: invalid-clicks | affiliate-clicks
-- chart: bar x=clicks y=class
WITH classed AS (
    SELECT k.account, COALESCE(e.class, 'unknown') AS class, k.error_code, k.affiliate_id, k.offer_id, e.is_fraud_signal
    FROM clicks AS k
    LEFT JOIN error_codes AS e ON k.error_code = e.code
    WHERE k.click_time BETWEEN $from AND $to AND k.error_code <> 0
),
counted AS (
    SELECT
        account,
        class,
        count(*) AS clicks,
        count(*) FILTER (WHERE is_fraud_signal) AS fraud_signals,
        count(DISTINCT error_code) AS error_codes,
        NULLIF(count(DISTINCT affiliate_id), 0) AS affiliates,
        NULLIF(count(DISTINCT offer_id), 0) AS offers
    FROM classed
    GROUP BY account, class
)
SELECT
    account,
    class,
    clicks,
    CAST(clicks AS DOUBLE) / sum(clicks) OVER (PARTITION BY account) AS share_of_invalid,
    fraud_signals,
    error_codes,
    affiliates,
    offers
FROM counted
ORDER BY account, clicks DESC, class
