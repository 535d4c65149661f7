WITH {{chosen}}
SELECT initcap(coalesce(device, 'not said')) AS "Device", count(*) AS "Students"
FROM chosen
WHERE is_present
GROUP BY 1
ORDER BY 2 DESC, 1
