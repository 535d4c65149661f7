SELECT coalesce(i.title, video_id)          AS "Video",
       median_watch_pct                     AS "Median watched",
       completed_share                      AS "Watched to the end",
       views                                AS "Views",
       students                             AS "Students",
       rewatched_seconds / nullif(watched_seconds, 0) AS "Watched again",
       seeks / nullif(views, 0)::double precision     AS "Jumps a view",
       avg_playback_rate                    AS "Speed",
       video_duration_s                     AS "Length",
       coalesce(t.title, v.course_id)       AS "Course"
FROM (SELECT * FROM video_summary WHERE {{in_course}} AND {{in_video}}) v
LEFT JOIN course_items i ON i.course_id = v.course_id AND i.item_id = video_id
LEFT JOIN course_titles t ON t.course_id = v.course_id
ORDER BY views DESC, video_id
LIMIT {{lines_shown}}
