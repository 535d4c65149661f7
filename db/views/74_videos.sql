-- Videos: events, views, and where a video is left or watched again.

-- A number in an object, or null where there is none of that name or it is no number.
CREATE OR REPLACE FUNCTION number_of(object jsonb, name text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(object -> name) = 'number' THEN (object ->> name)::double precision END;

CREATE OR REPLACE VIEW student_video_events WITH (security_barrier) AS
SELECT e.event_time,
       e.event_id,
       e.student_id,
       e.video_id,
       e.course_id,
       e.lesson_id,
       e.session_id,
       e.event_name,
       number_of(e.metadata, 'position_s')                     AS position_s,
       number_of(e.metadata, 'video_duration_s')               AS video_duration_s,
       coalesce(number_of(e.metadata, 'playback_rate'), 1)     AS playback_rate,
       number_of(e.metadata, 'from_s')                         AS from_s,
       number_of(e.metadata, 'to_s')                           AS to_s,
       e.metadata ->> 'video_quality'                          AS video_quality,
       number_of(e.metadata, 'buffer_health')                  AS buffer_health
FROM events e
WHERE e.video_id IS NOT NULL
  AND (e.event_name LIKE 'video\_%' OR e.event_name = 'time_ping')
  AND coalesce(e.role, 'student') = 'student'
  AND NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = e.student_id);
COMMENT ON VIEW student_video_events IS 'A row is a video event or ping, while events keeps it.';
COMMENT ON COLUMN student_video_events.position_s IS 'Place in the video, in seconds.';
COMMENT ON COLUMN student_video_events.playback_rate IS 'Speed.';
COMMENT ON COLUMN student_video_events.from_s IS 'Where a jump began, in seconds.';
COMMENT ON COLUMN student_video_events.to_s IS 'Where a jump ended, in seconds.';
COMMENT ON COLUMN student_video_events.video_quality IS 'As the player says it.';
COMMENT ON COLUMN student_video_events.buffer_health IS 'As the player says it.';

CREATE OR REPLACE VIEW student_video_views WITH (security_barrier) AS
SELECT v.start_time, v.student_id, v.video_id, v.session_id, v.class_id, v.course_id, v.lesson_id, v.watched_seconds,
       v.unique_seconds, v.video_duration_s, v.watch_pct, v.seeks, v.rewatched_seconds, v.avg_playback_rate, v.completed
FROM video_views v
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = v.student_id);
COMMENT ON VIEW student_video_views IS 'A row is a student x video x session.';
COMMENT ON COLUMN student_video_views.watch_pct IS 'Share of the video that was seen, 0-100.';
COMMENT ON COLUMN student_video_views.completed IS 'Watched to the end, or said to be.';

CREATE OR REPLACE VIEW video_summary WITH (security_barrier) AS
SELECT video_id, course_id, lesson_id, views, students, watched_seconds, unique_seconds, rewatched_seconds, video_duration_s,
       median_watch_pct, completed_share, seeks, avg_playback_rate
FROM video_totals;
COMMENT ON VIEW video_summary IS 'A row is a video.';

-- The share of views that saw each twentieth of the video, and that passed it twice.
CREATE OR REPLACE VIEW video_drop_off WITH (security_barrier) AS
SELECT b.video_id,
       b.bin,
       b.bin * 5                                               AS from_pct,
       b.views,
       b.watched,
       four_decimals(b.watched / b.views::double precision)    AS watched_share,
       b.rewatched,
       four_decimals(b.rewatched / b.views::double precision)  AS rewatched_share
FROM video_parts b;
COMMENT ON VIEW video_drop_off IS 'A row is a video x twentieth of its length.';
COMMENT ON COLUMN video_drop_off.watched IS 'Views that saw it.';
COMMENT ON COLUMN video_drop_off.watched_share IS 'Of all views, 0-1.';

-- Twentieths that are watched again more often than their neighbours, and than the video as a whole: half as often again.
CREATE OR REPLACE VIEW video_rewatch_peaks WITH (security_barrier) AS
SELECT video_id, bin, from_pct, video_duration_s * bin / 20 AS from_s, views, rewatched, rewatched_share
FROM (
    SELECT d.video_id, d.bin, d.from_pct, d.views, d.rewatched, d.rewatched_share, m.video_duration_s,
           sum(rewatched) OVER video / 20.0               AS mean,
           coalesce(lag(rewatched) OVER course, 0)        AS before,
           coalesce(lead(rewatched) OVER course, 0)       AS after
    FROM video_drop_off d
    JOIN video_totals m USING (video_id)
    WINDOW video AS (PARTITION BY video_id), course AS (PARTITION BY video_id ORDER BY bin)
) p
WHERE rewatched >= 1.5 * mean AND rewatched > 0 AND rewatched >= before AND rewatched >= after;
COMMENT ON VIEW video_rewatch_peaks IS 'A row is a twentieth that is watched again more than its neighbours and half as often again as the mean.';

-- Median unique coverage of the views that began on a day and are over: their session is.
CREATE OR REPLACE VIEW video_engagement WITH (security_barrier) AS
SELECT local_day(v.start_time) AS day,
       v.class_id,
       count(*)                     AS views,
       count(DISTINCT v.student_id) AS students,
       four_decimals(percentile_cont(0.5) WITHIN GROUP (ORDER BY v.watch_pct)) AS median_watch_pct
FROM video_views v
WHERE v.watch_pct IS NOT NULL
  AND NOT EXISTS (SELECT FROM sessions_open o WHERE o.student_id = v.student_id AND o.session_start <= v.start_time)
  AND NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = v.student_id)
GROUP BY 1, 2;
COMMENT ON VIEW video_engagement IS 'A row is a local day x class: views whose session is over.';
