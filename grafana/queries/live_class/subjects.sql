WITH {{chosen}}
SELECT coalesce(subject_id, 'not said')          AS "Subject",
       count(*)                                  AS "Students"
FROM chosen
WHERE is_present AND status = 'active'
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 8
