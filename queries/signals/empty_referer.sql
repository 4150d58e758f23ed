-- title: No referer
-- about: Share of clicks without a referer beyond what others have on the same offers. Apps and e-mail send none.
-- family: source
-- kind: shape
-- min_exposure: 50
-- burst: yes
-- reason: clicks that do not say from which page they come: {observed_percent} of all more than on the same offers elsewhere, where {expected_percent} more is usual
-- drill: referer IS NULL
SELECT account, entity, n, CAST(x AS DOUBLE) / n - expected AS value
FROM rates
WHERE quality = 'empty_referer'
