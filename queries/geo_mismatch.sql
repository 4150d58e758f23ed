-- title: Country against time zone and language
-- group: Geography and devices
-- about: Clicks by affiliate whose country and time zone are of different continents, or whose language is none of those that
-- about: are common in their country. Both come from the address and the browser; a traveller or an expatriate mismatches, a
-- about: whole affiliate does not. Countries that the query does not name, and zones without a place
-- about: (UTC), are not judged.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=language_mismatch_share y=affiliate_name
WITH known AS (
    SELECT
        account,
        affiliate_id,
        affiliate_name,
        CASE
            -- The clock of a server, or none, is of no continent.
            WHEN lower(geo_timezone) LIKE 'etc/%' OR geo_timezone NOT LIKE '%/%' THEN NULL
            -- Islands and towns of Spain and Portugal.
            WHEN country_code IN ('ES', 'PT') AND lower(geo_timezone) IN (
                'atlantic/canary', 'atlantic/azores', 'atlantic/madeira', 'africa/ceuta'
            ) THEN 'europe'
            WHEN lower(split_part(geo_timezone, '/', 1)) IN ('us', 'canada', 'brazil', 'mexico', 'chile') THEN 'america'
            ELSE lower(split_part(geo_timezone, '/', 1))
        END AS area,
        lower(substr(language, 1, 2)) AS spoken,
        CASE
            WHEN country_code IN ('US', 'CA', 'BR', 'MX', 'AR', 'CO', 'CL', 'PE') THEN 'america'
            WHEN country_code IN ('UK', 'GB', 'IE', 'DE', 'FR', 'ES', 'IT', 'NL', 'SE', 'PT', 'PL', 'AT', 'CH') THEN 'europe'
            WHEN country_code IN ('IN', 'PH', 'ID', 'TH', 'JP', 'VN') THEN 'asia'
            WHEN country_code = 'AU' THEN 'australia'
            WHEN country_code IN ('ZA', 'NG', 'KE', 'EG') THEN 'africa'
        END AS expected_area,
        CASE
            WHEN country_code IN ('US', 'UK', 'GB', 'IE', 'AU', 'NG', 'KE', 'ZA', 'PH', 'IN') THEN 'en es hi tl fi af zu'
            WHEN country_code = 'CA' THEN 'en fr'
            WHEN country_code IN ('BR', 'PT') THEN 'pt en'
            WHEN country_code IN ('MX', 'AR', 'CO', 'CL', 'PE', 'ES') THEN 'es en ca'
            WHEN country_code IN ('DE', 'AT') THEN 'de en tr'
            WHEN country_code = 'CH' THEN 'de fr it en'
            WHEN country_code = 'FR' THEN 'fr en ar'
            WHEN country_code = 'IT' THEN 'it en'
            WHEN country_code = 'NL' THEN 'nl en'
            WHEN country_code = 'SE' THEN 'sv en'
            WHEN country_code = 'PL' THEN 'pl en'
        END AS common_languages
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        count(*) FILTER (WHERE area IS NOT NULL AND expected_area IS NOT NULL) AS zones_known,
        count(*) FILTER (WHERE area <> expected_area AND NOT (expected_area = 'america' AND area = 'pacific')) AS zone_mismatches,
        count(*) FILTER (WHERE spoken IS NOT NULL AND common_languages IS NOT NULL) AS languages_known,
        count(*) FILTER (WHERE strpos(common_languages, spoken) = 0) AS language_mismatches
    FROM known
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    zone_mismatches,
    CAST(zone_mismatches AS DOUBLE) / NULLIF(zones_known, 0) AS zone_mismatch_share,
    language_mismatches,
    CAST(language_mismatches AS DOUBLE) / NULLIF(languages_known, 0) AS language_mismatch_share
FROM totals
WHERE clicks >= $min_clicks
ORDER BY zone_mismatches + language_mismatches DESC, clicks DESC, account, affiliate_id NULLS LAST
