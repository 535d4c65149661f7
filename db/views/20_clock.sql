-- Watermarks per topic of a task, and the clock that every "now" means.
CREATE OR REPLACE VIEW task_watermarks AS
SELECT p.flow,
       p.task,
       o.topic,
       CASE WHEN jsonb_typeof(p.watermarks -> o.topic) = 'number' AND (p.watermarks ->> o.topic)::double precision > -1e13
            THEN to_timestamp((p.watermarks ->> o.topic)::double precision / 1000)
            ELSE timestamptz '-infinity' -- it held records, none of which says a time
       END AS watermark
FROM task_progress p, jsonb_object_keys(p.watermarks) o (topic);

-- The lowest watermark of flow engagement. A topic-partition that never held a record has no watermark and is left out.
CREATE OR REPLACE VIEW data_clock AS
SELECT nullif(min(watermark), '-infinity') AS as_of
FROM task_watermarks
WHERE flow = 'engagement';

CREATE OR REPLACE FUNCTION classpulse_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN current_setting('classpulse.clock', true) = 'data' THEN coalesce((SELECT as_of FROM data_clock), now())
    ELSE now()
END;

COMMENT ON VIEW data_clock IS 'The one row behind classpulse_now().';
COMMENT ON COLUMN data_clock.as_of IS 'The lowest watermark of flow engagement; null before there is one.';
COMMENT ON FUNCTION classpulse_now() IS
    'The wall clock, or the lowest watermark of flow engagement where the database setting classpulse.clock is ''data''.';
