-- Plain PostgreSQL has no scheduler: the same columns, and no row.
CREATE OR REPLACE VIEW database_jobs WITH (security_barrier) AS
SELECT NULL::integer          AS job_id,
       NULL::text             AS name,
       NULL::interval         AS schedule_interval,
       NULL::text             AS status,
       NULL::timestamptz      AS last_started_at,
       NULL::timestamptz      AS last_succeeded_at,
       NULL::timestamptz      AS next_start,
       NULL::double precision AS late_seconds,
       NULL::bigint           AS total_runs,
       NULL::bigint           AS total_failures,
       NULL::text             AS last_error
WHERE false;
