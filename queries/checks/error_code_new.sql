-- title: An error code that was not there before
-- about: Error codes of the last days that none of the account's clicks had earlier in the range. A code counts as new only where
-- about: a feed that brought it was there before, too: with a feed that was added, codes come that were only not fetched. Says
-- about: nothing in the first --param days= of an account.
-- severity: warn
-- key: account, error_code
-- measure: clicks
-- message: error code {{ error_code }} ({{ name or "not in the dictionary" }}) is new: {{ clicks|many("click") }} since {{ first_time|clock }}
-- param: days bigint = 1    the last days, up to the account's last click
-- param: min_clicks bigint = 1    codes of fewer clicks are not worth a message
WITH ends AS (
    SELECT account, max(click_time) AS last_time, min(click_time) AS first_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account
),
landed AS (
    SELECT
        account,
        COALESCE(feeds, 'unknown') AS feeds,
        error_code,
        max(error_message) AS message,
        count(*) AS clicks,
        min(click_time) AS first_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, COALESCE(feeds, 'unknown'), error_code
),
brought AS (
    SELECT account, error_code, first_time, unnest(string_to_array(feeds, ',')) AS feed
    FROM landed
),
times AS (
    SELECT account, feed, first_time AS since
    FROM brought
    UNION ALL
    -- A feed that was asked and had nothing was there, too.
    SELECT account, feed, from_time AS since
    FROM coverage
    WHERE to_time >= $from AND from_time <= $to
),
known AS (
    SELECT account, feed, min(since) AS since
    FROM times
    GROUP BY account, feed
),
comparable AS (
    SELECT DISTINCT b.account, b.error_code
    FROM brought AS b
    INNER JOIN known AS n ON b.account = n.account AND b.feed = n.feed
    INNER JOIN ends AS e ON b.account = e.account
    WHERE date_part('epoch', e.last_time) - date_part('epoch', n.since) >= $days * 86400
),
counted AS (
    SELECT account, error_code, max(message) AS message, CAST(sum(clicks) AS BIGINT) AS clicks, min(first_time) AS first_time
    FROM landed
    WHERE error_code <> 0
    GROUP BY account, error_code
)
SELECT c.account, c.error_code, d.name, d.class, c.message, c.clicks, c.first_time
FROM counted AS c
INNER JOIN comparable AS b ON c.account = b.account AND c.error_code = b.error_code
INNER JOIN ends AS e ON c.account = e.account
LEFT JOIN error_codes AS d ON c.error_code = d.code
WHERE c.clicks >= $min_clicks
    AND date_part('epoch', e.last_time) - date_part('epoch', c.first_time) < $days * 86400
    AND date_part('epoch', e.last_time) - date_part('epoch', e.first_time) >= $days * 86400
ORDER BY c.account, c.clicks DESC, c.error_code
