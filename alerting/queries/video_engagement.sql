-- Today's views that are over: the median share of a video that was seen.
SELECT c.class_id,
       coalesce(c.in_term AND v.median_watch_pct < {{video_low_pct}} AND v.students >= {{present_least}}, false) AS firing,
       coalesce(round(v.median_watch_pct), 0) AS watched,
       coalesce(v.students, 0) AS students,
       coalesce(v.views, 0) AS views,
       c.title AS class,
       1 AS reason,
       c.content_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN video_engagement v ON v.class_id = c.class_id AND v.day = local_day(c.as_of)
