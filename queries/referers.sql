-- title: Referers by affiliate
-- group: Affiliates and sources
-- about: Where an affiliate's clicks say they come from (referrers): the share without a referer, and the host that most others name. Apps
-- about: and mails send none; a site that sends none, or a single host behind many sub-sources, wants a look. A host is the
-- about: same in whatever case, with a port or without, and where the referer lacks its scheme.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=empty_share y=affiliate_name
WITH hosts AS (
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        referer,
        -- Without scheme, path, user and port, in lower case; of text without a dot only what has a scheme is a host.
        CASE WHEN referer LIKE '%//%' OR referer LIKE '%.%' THEN
            NULLIF(regexp_replace(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(lower(trim(referer)), '^([a-z][a-z0-9+.-]*:)?//', ''),
                        '[/?#].*$',
                        ''
                    ),
                    '^.*@',
                    ''
                ),
                '[.]?(:[0-9]*)?$',
                ''
            ), '')
        END AS host
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
counted AS (
    SELECT account, affiliate_id, host, count(*) AS clicks
    FROM hosts
    WHERE host IS NOT NULL
    GROUP BY account, affiliate_id, host
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY account, affiliate_id ORDER BY clicks DESC, host) AS place
    FROM counted
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        count(*) - count(referer) AS empty_referers,
        count(DISTINCT host) AS hosts
    FROM hosts
    GROUP BY account, affiliate_id
)
SELECT
    t.account,
    t.affiliate_id,
    t.affiliate_name,
    t.clicks,
    t.empty_referers,
    CAST(t.empty_referers AS DOUBLE) / t.clicks AS empty_share,
    t.hosts,
    r.host AS top_host,
    CAST(r.clicks AS DOUBLE) / NULLIF(t.clicks - t.empty_referers, 0) AS top_host_share
FROM totals AS t
LEFT JOIN ranked AS r
    ON t.account = r.account AND (t.affiliate_id IS NOT DISTINCT FROM r.affiliate_id) AND r.place = 1
WHERE t.clicks >= $min_clicks
ORDER BY empty_share DESC, t.clicks DESC, t.account, t.affiliate_id NULLS LAST
