-- Of several videos together: views add up, shares are those of all views.
SELECT d.from_pct || ' %'                                                    AS "From",
       round(sum(d.watched) / nullif(sum(d.views), 0)::numeric, 4)::double precision   AS "Watched",
       round(sum(d.rewatched) / nullif(sum(d.views), 0)::numeric, 4)::double precision AS "Watched again"
FROM video_drop_off d
JOIN (SELECT video_id FROM video_summary WHERE {{in_course}} AND {{in_video}}) v USING (video_id)
GROUP BY d.bin, d.from_pct
ORDER BY d.bin
