-- One answer for all panels that count people, so that each refresh computes everybody's status once.
-- kind: `all` (the one row of the headline), or a place among those present: subject, chapter, device, browser.
WITH {{counted}},
placed AS (
    SELECT kind, label, place, c.*
    FROM counted c
    CROSS JOIN LATERAL (
        VALUES ('all', NULL, NULL),
               ('subject', coalesce(subject_id, 'not said'), NULL),
               ('chapter', coalesce(chapter_id, 'not said'), coalesce(course_id, '')),
               ('device', initcap(coalesce(device, 'not said')), NULL),
               ('browser', initcap(coalesce(browser, 'not said')), NULL)
    ) AS p (kind, label, place)
    WHERE kind = 'all' OR is_present
),
summed AS (
    SELECT k.kind,
           label,
           place,
           coalesce(sum(students), 0)::bigint                                                   AS known,
           coalesce(sum(students) FILTER (WHERE is_present AND status = 'active'), 0)::bigint   AS active,
           coalesce(sum(students) FILTER (WHERE is_present AND status = 'idle'), 0)::bigint     AS idle,
           coalesce(sum(students) FILTER (WHERE is_present), 0)::bigint                         AS present,
           coalesce(sum(students) FILTER (WHERE is_present AND is_enrolled), 0)::bigint         AS expected,
           coalesce(sum(students) FILTER (WHERE is_enrolled AND NOT is_present), 0)::bigint     AS absent,
           coalesce(sum(students) FILTER (WHERE is_enrolled), 0)::bigint                        AS enrolled,
           sum(score_sum) FILTER (WHERE is_present)                                             AS score_sum,
           max(last_seen)                                                                       AS last_seen
    FROM (VALUES ('all'), ('subject'), ('chapter'), ('device'), ('browser')) AS k (kind)
    LEFT JOIN placed USING (kind)
    GROUP BY k.kind, label, place
),
ranked AS (
    SELECT *,
           row_number() OVER (
               PARTITION BY kind
               ORDER BY CASE WHEN kind IN ('device', 'browser') THEN present ELSE active END DESC,
                        CASE WHEN kind = 'chapter' THEN idle END DESC,
                        label,
                        place
           ) AS place_in_kind
    FROM summed
    WHERE kind = 'all' OR present > 0
),
flow AS (
    SELECT as_of,
           extract(epoch FROM classpulse_now() - as_of)                        AS lag_s,
           coalesce(current_setting('classpulse.clock', true) = 'data', false) AS is_replay
    FROM (SELECT max(as_of) AS as_of FROM data_freshness WHERE flow = 'engagement') f
),
said AS (
    SELECT *,
           CASE
               WHEN lag_s < 120 THEN round(lag_s) || ' seconds'
               WHEN lag_s < 7200 THEN round(lag_s / 60) || ' minutes'
               WHEN lag_s < 172800 THEN round(lag_s / 3600) || ' hours'
               ELSE round(lag_s / 86400) || ' days'
           END AS age,
           CASE
               WHEN quiet_s IS NULL THEN 'Nobody has been seen yet.'
               WHEN quiet_s < 120 THEN 'Last action: just now.'
               WHEN quiet_s < 7200 THEN 'Last action: ' || round(quiet_s / 60) || ' minutes ago.'
               WHEN quiet_s < 172800 THEN 'Last action: ' || round(quiet_s / 3600) || ' hours ago.'
               ELSE 'Last action: ' || round(quiet_s / 86400) || ' days ago.'
           END AS last_action
    FROM ranked
    CROSS JOIN flow
    CROSS JOIN LATERAL (SELECT extract(epoch FROM classpulse_now() - last_seen) AS quiet_s) q
)
SELECT said.kind,
       coalesce(i.title, label)                         AS label,
       coalesce(c.title, place)                         AS place,
       active                                           AS "Active now",
       idle                                             AS "Idle",
       present                                          AS "Present",
       absent                                           AS "Absent",
       enrolled                                         AS "Enrolled",
       round(idle::numeric / nullif(present, 0), 4)     AS "Idle share",
       round(score_sum / (nullif(present, 0) * 100), 1) AS "Engagement",
       CASE WHEN said.kind = 'all' THEN
       {{state}} END AS "State",
       as_of                                            AS "As of",
       lag_s                                            AS "Lag"
FROM said
LEFT JOIN course_items i ON said.kind = 'chapter' AND i.course_id = place AND i.item_id = label
LEFT JOIN course_titles c ON said.kind = 'chapter' AND c.course_id = place
WHERE place_in_kind <= 10
ORDER BY said.kind, place_in_kind
