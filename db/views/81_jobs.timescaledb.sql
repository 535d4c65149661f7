-- What TimescaleDB's scheduler does, under names that people know. Whose last run failed is put off by up to five
-- intervals, and its aggregates grow old meanwhile, though everything else looks well.
CREATE OR REPLACE VIEW database_jobs WITH (security_barrier) AS
WITH told AS (
    SELECT j.job_id,
           j.proc_name || coalesce(' ' || coalesce(a.view_name, j.hypertable_name), '') AS name,
           j.schedule_interval,
           s.job_status = 'Running'                                                      AS runs_now,
           j.scheduled,
           s.last_run_status,
           nullif(s.last_run_started_at, '-infinity')                                    AS last_started_at,
           nullif(s.last_successful_finish, '-infinity')                                 AS last_succeeded_at,
           -- a run that the server's end cut off leaves no next start
           coalesce(nullif(s.next_start, '-infinity'),
                    nullif(s.last_run_started_at, '-infinity') + j.schedule_interval)    AS next_start,
           coalesce(s.total_runs, 0)                                                     AS total_runs,
           coalesce(s.total_failures, 0)                                                 AS total_failures
    FROM timescaledb_information.jobs j
    JOIN timescaledb_information.job_stats s USING (job_id)
    LEFT JOIN timescaledb_information.continuous_aggregates a
           ON a.materialization_hypertable_schema = j.hypertable_schema AND a.materialization_hypertable_name = j.hypertable_name
)
SELECT job_id,
       name,
       schedule_interval,
       CASE
           WHEN runs_now THEN 'running'
           WHEN NOT scheduled THEN 'paused'
           WHEN last_run_status = 'Failed' THEN 'failing'
           WHEN last_run_status IS NULL THEN 'waiting'
           ELSE 'ok'
       END AS status,
       last_started_at,
       last_succeeded_at,
       next_start,
       CASE WHEN runs_now OR NOT scheduled THEN 0
            ELSE coalesce(greatest(0, extract(epoch FROM now() - next_start)), 0) END::double precision AS late_seconds,
       total_runs,
       total_failures,
       (SELECT e.err_message FROM timescaledb_information.job_errors e
        WHERE e.job_id = told.job_id ORDER BY e.finish_time DESC NULLS LAST LIMIT 1) AS last_error
FROM told;
