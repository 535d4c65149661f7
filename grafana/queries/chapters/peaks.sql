SELECT coalesce(i.title, p.video_id)          AS "Video",
       p.from_s                              AS "From",
       p.rewatched_share                     AS "Watched again",
       p.views                               AS "Views"
FROM video_rewatch_peaks p
JOIN (SELECT video_id, course_id FROM video_summary WHERE {{in_course}} AND {{in_video}}) v USING (video_id)
LEFT JOIN course_items i ON i.course_id = v.course_id AND i.item_id = p.video_id
WHERE p.views >= {{students_least}}
ORDER BY p.rewatched_share DESC, p.video_id, p.from_s
LIMIT {{lines_shown}}
