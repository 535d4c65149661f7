SELECT video_id                             AS "Video",
       median_watch_pct                     AS "Median watched",
       completed_share                      AS "Watched to the end",
       views                                AS "Views",
       students                             AS "Students",
       rewatched_seconds / nullif(watched_seconds, 0) AS "Watched again",
       seeks / nullif(views, 0)::double precision     AS "Jumps a view",
       avg_playback_rate                    AS "Speed",
       video_duration_s                     AS "Length",
       course_id                            AS "Course"
FROM video_summary
WHERE {{in_course}} AND {{in_video}}
ORDER BY views DESC, video_id
LIMIT {{lines_shown}}
