-- title: An affiliate is flagged
-- about: Affiliates whose score is evidence enough to act on: two families of signals, one of them behaviour, at a rate of false
-- about: discoveries that clickproof.toml bounds (see docs/scoring.md). With --state, those that are newly flagged, and those
-- about: whose score rose. Evidence, not proof: analyze evidence --affiliate ID is the case file.
-- needs: network-clicks | affiliate-clicks
-- severity: error
-- key: account, affiliate_id
-- measure: score
-- message: {{ affiliate_id|affiliate(affiliate_name) }} is flagged with a score of {{ score|decimals(0) }} over {{ clicks|count }} clicks: {{ reason|short(300) }}
SELECT account, CAST(entity AS BIGINT) AS affiliate_id, name AS affiliate_name, clicks, score, reason
FROM anomaly_scores
WHERE tier = 'flag'
ORDER BY score DESC, account, affiliate_id
