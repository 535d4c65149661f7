WITH {{chosen}}
SELECT initcap(coalesce(browser, 'not said')) AS "Browser", count(*) AS "Students"
FROM chosen
WHERE is_present
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 8
