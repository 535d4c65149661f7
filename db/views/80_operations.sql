-- Whether an event came when its minute was final for whoever had settled so much.
CREATE OR REPLACE FUNCTION is_late(event_time timestamptz, settled timestamptz) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN settled >= date_bin(classpulse_window(), event_time, timestamptz '2000-01-01 00:00:00+00') + classpulse_window() + classpulse_lateness();

-- How far the data are. Lag and "the last 10 minutes" are by the wall clock whatever classpulse.clock says: they measure arrival.
CREATE OR REPLACE VIEW data_freshness WITH (security_barrier) AS
WITH low AS MATERIALIZED (
         SELECT flow,
                nullif(min(watermark), '-infinity')                            AS as_of,
                (array_agg(task ORDER BY watermark, task))[1]                  AS stalled_task
         FROM task_watermarks
         GROUP BY flow
     ),
     topics AS ( -- held: up to when its task had settled before the topic's first record, if that may still decide what is late
         SELECT p.flow, p.task, t.topic,
                CASE WHEN (p.begun ->> t.topic)::double precision > coalesce((p.watermarks ->> t.topic)::double precision, -1e13) - 3600000
                     THEN to_timestamp((p.begun ->> t.topic)::double precision / 1000) END AS held
         FROM task_progress p
         CROSS JOIN LATERAL (SELECT jsonb_object_keys(p.offsets) UNION SELECT jsonb_object_keys(p.watermarks)) AS t (topic)
     ),
     late AS (
         SELECT t.flow, sum(e.events) AS events
         FROM (SELECT DISTINCT flow, topic FROM topics) t
         JOIN (
             SELECT topic, count(*) AS events
             FROM events
             WHERE ingested_at > now() - interval '10 minutes'
               AND watermark_before - event_time > interval '60 seconds' -- the index's own words
               AND is_late(event_time, watermark_before)
               -- late ones do not lie in chunks so old that they went to columnstore
               AND event_time > (SELECT least(now(), min(as_of)) - interval '8 days' FROM low)
             GROUP BY topic
         ) e ON e.topic = t.topic
         GROUP BY t.flow
     ),
     held_late AS ( -- those that only came after what was settled when their topic began
         SELECT t.flow, sum(e.events) AS events
         FROM topics t
         CROSS JOIN LATERAL (
             SELECT count(*) AS events
             FROM events e
             WHERE e.topic = t.topic AND e.partition = t.task AND e.ingested_at > now() - interval '10 minutes'
               AND is_late(e.event_time, t.held) AND NOT coalesce(is_late(e.event_time, e.watermark_before), false)
               AND e.event_time > (SELECT least(now(), min(as_of)) - interval '8 days' FROM low) AND e.event_time < t.held
         ) e
         WHERE t.held IS NOT NULL
         GROUP BY t.flow
     ),
     rejected AS (
         SELECT topic, count(*) AS records FROM dead_letters WHERE received_at > now() - interval '10 minutes' GROUP BY topic
     ),
     refused AS (
         SELECT t.flow, sum(r.records) AS records
         FROM (SELECT DISTINCT flow, topic FROM topics) t
         JOIN rejected r USING (topic)
         GROUP BY t.flow
     )
SELECT p.flow,
       low.as_of,
       low.stalled_task,
       extract(epoch FROM now() - low.as_of)::double precision AS lag_seconds,
       (coalesce(l.events, 0) + coalesce(h.events, 0))::bigint  AS late_events_10m,
       coalesce(r.records, 0)::bigint                          AS rejected_10m,
       p.tasks,
       p.last_write_at
FROM (SELECT flow, count(*) AS tasks, max(updated_at) AS last_write_at FROM task_progress GROUP BY flow) p
LEFT JOIN low ON low.flow = p.flow
LEFT JOIN late l ON l.flow = p.flow
LEFT JOIN held_late h ON h.flow = p.flow
LEFT JOIN refused r ON r.flow = p.flow;
COMMENT ON VIEW data_freshness IS 'A row is a flow.';
COMMENT ON COLUMN data_freshness.as_of IS 'Lowest watermark of the flow''s tasks.';
COMMENT ON COLUMN data_freshness.stalled_task IS 'Task that holds it.';
COMMENT ON COLUMN data_freshness.lag_seconds IS 'Wall clock minus as_of.';
COMMENT ON COLUMN data_freshness.late_events_10m IS 'Late events of the last ten minutes of append time.';
COMMENT ON COLUMN data_freshness.rejected_10m IS 'Rejects of the last ten minutes of append time.';
COMMENT ON COLUMN data_freshness.last_write_at IS 'Last commit.';

CREATE OR REPLACE VIEW flow_status WITH (security_barrier) AS
SELECT p.flow, p.task, o.topic, (p.offsets ->> o.topic)::bigint AS next_offset, nullif(w.watermark, '-infinity') AS watermark,
       p.generation, p.updated_at
FROM task_progress p
CROSS JOIN LATERAL jsonb_object_keys(p.offsets) AS o (topic)
LEFT JOIN task_watermarks w ON w.flow = p.flow AND w.task = p.task AND w.topic = o.topic;
COMMENT ON VIEW flow_status IS 'A row is a task x topic.';
COMMENT ON COLUMN flow_status.next_offset IS 'Offset of the next record to be read.';
COMMENT ON COLUMN flow_status.watermark IS 'How far event time has come; null while no record had a time.';

-- Payloads may hold personal data: they stay in the table.
CREATE OR REPLACE VIEW recent_rejects WITH (security_barrier) AS
SELECT received_at, topic, partition, kafka_offset, reason, detail
FROM dead_letters
WHERE received_at > now() - interval '24 hours';
COMMENT ON VIEW recent_rejects IS 'A row is a reject of the last 24 hours, without its payload.';
COMMENT ON COLUMN recent_rejects.received_at IS 'When the topic got it.';

CREATE OR REPLACE VIEW recent_anomalies WITH (security_barrier) AS
SELECT detected_at, kind, subject_id, score, detail
FROM anomalies
WHERE detected_at > (SELECT classpulse_now() - interval '7 days');
COMMENT ON VIEW recent_anomalies IS 'A row is an anomaly of the last 7 days of the clock.';
COMMENT ON COLUMN recent_anomalies.detected_at IS 'When it was seen, by event time.';
COMMENT ON COLUMN recent_anomalies.score IS 'How far off.';

-- Local days to which `classpulse nightly` has added events that came too late for live results.
CREATE OR REPLACE VIEW late_additions WITH (security_barrier) AS
SELECT day, flow, added AS events, added_at FROM late_days WHERE added > 0;
COMMENT ON VIEW late_additions IS 'A row is a local day x flow to which late events were added.';
COMMENT ON COLUMN late_additions.added_at IS 'When they were added.';

-- Late events that are in no day yet: those that the last night left, and of those that came since the first 50,000 of the last eight
-- days (a board asks every ten seconds). A chapter view counts here once the longest visit would have been over.
CREATE OR REPLACE VIEW late_waiting WITH (security_barrier) AS
WITH far AS MATERIALIZED ( -- late ones do not lie in chunks so old that they went to columnstore
         SELECT least(now(), min(nullif(watermark, '-infinity'))) - interval '8 days' AS since FROM task_watermarks
     ),
     topics AS MATERIALIZED (
         SELECT p.flow, p.task, t.topic, to_timestamp((p.begun ->> t.topic)::double precision / 1000) AS held,
                coalesce((s.up_to_place -> t.topic ->> p.task::text)::bigint, 0) AS seen,
                -- a night has seen the topic, and since it is past what was settled when it began: that decides nothing any more
                s.up_to_place -> t.topic ->> p.task::text IS NULL
                OR (p.begun ->> t.topic)::double precision > coalesce((p.watermarks ->> t.topic)::double precision, -1e13) - 3600000 AS is_new
         FROM task_progress p
         CROSS JOIN LATERAL (SELECT jsonb_object_keys(p.offsets) UNION SELECT jsonb_object_keys(p.watermarks)) AS t (topic)
         LEFT JOIN late_seen s ON s.flow = p.flow
         WHERE p.flow IN ('engagement', 'content')
     ),
     behind AS MATERIALIZED (
         SELECT topic, partition, kafka_offset, event_time, ingested_at, watermark_before
         FROM events
         WHERE ingested_at > (SELECT coalesce(min(seen_at) - interval '1 hour', '-infinity') FROM late_seen)
           AND watermark_before - event_time > interval '60 seconds' -- the index's own words
           AND event_time > (SELECT since FROM far)
           AND role = 'student'
         ORDER BY ingested_at
         LIMIT 50000
     ),
     met AS (
         SELECT t.flow, b.*, greatest(b.watermark_before, t.held) AS settled
         FROM behind b
         JOIN topics t ON t.topic = b.topic AND t.task = b.partition
         WHERE b.kafka_offset >= t.seen
         UNION ALL -- those that only came after what was settled when their topic began
         SELECT t.flow, e.*
         FROM topics t
         CROSS JOIN LATERAL (
             SELECT e.topic, e.partition, e.kafka_offset, e.event_time, e.ingested_at, e.watermark_before, t.held
             FROM events e
             WHERE e.topic = t.topic AND e.partition = t.task AND e.kafka_offset >= t.seen AND e.role = 'student'
               AND NOT coalesce(e.watermark_before - e.event_time > interval '60 seconds', false)
               AND e.event_time > (SELECT since FROM far) AND e.event_time < t.held
             LIMIT 50000
         ) e
         WHERE t.is_new
     ),
     since AS (
         SELECT m.flow, local_day(m.event_time) AS day, m.ingested_at
         FROM met m
         LEFT JOIN late_days d ON d.flow = m.flow AND d.day = local_day(m.event_time)
         WHERE m.kafka_offset >= coalesce((d.up_to_place -> m.topic ->> m.partition::text)::bigint, 0)
           AND CASE
               WHEN m.flow = 'engagement' THEN is_late(m.event_time, m.settled)
               WHEN m.topic LIKE '%chapter_view_events' THEN m.settled >= m.event_time + {{visit_cap}} + {{content_reach}}
               ELSE m.settled >= m.event_time + {{content_reach}} END
     )
SELECT flow, day, sum(events)::bigint AS events, max(settled_at) AS settled_at, min(came_at) AS came_at
FROM (SELECT flow, day, count(*) AS events, NULL::timestamptz AS settled_at, min(ingested_at) AS came_at FROM since GROUP BY flow, day
      UNION ALL
      SELECT flow, day, events, settled_at, NULL FROM late_left) w
GROUP BY flow, day;
COMMENT ON VIEW late_waiting IS 'A row is a local day x flow with late events that are in it once classpulse nightly has run; of those that came since the last run the first 50,000, of the last eight days.';
COMMENT ON COLUMN late_waiting.settled_at IS 'When the day can be had; of those that the last run left.';
COMMENT ON COLUMN late_waiting.came_at IS 'When the first of the others came.';

CREATE OR REPLACE VIEW last_night WITH (security_barrier) AS
SELECT succeeded_at, added, waiting_days FROM nightly_runs;
COMMENT ON VIEW last_night IS 'A row is the last run of classpulse nightly that did all its work; none before the first.';
COMMENT ON COLUMN last_night.succeeded_at IS 'End of the run.';
COMMENT ON COLUMN last_night.added IS 'Late events added.';
COMMENT ON COLUMN last_night.waiting_days IS 'Days that had to wait.';
