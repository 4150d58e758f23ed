-- title: Crowded addresses
-- reason: {observed} of the clicks ({x} of {n}) were beyond the tenth of their address on one day; of the others' clicks it was {expected}
-- about: One address, in full, clicked more than --param most= times through one affiliate on one day of the time zone asked for; the clicks up to that
-- about: number do not count. Offices, campuses and households share an address; carriers, whose addresses are shared by thousands,
-- about: are not judged, nor are masked addresses.
-- basis: behavioural
-- defined_by: network, http_user_agent
-- param: most bigint = 10    clicks of an address, an affiliate and a day that are not counted
SELECT
    *,
    CASE
        WHEN user_ip IS NOT NULL AND carrier_name IS NULL AND NOT ip_is_masked(user_ip) THEN row_number() OVER (
            PARTITION BY account, affiliate_id, user_ip, local_date(click_time, $timezone) ORDER BY click_time, transaction_id
        ) > $most
    END AS is_hit
FROM rated_clicks
WHERE click_time BETWEEN $from AND $to
