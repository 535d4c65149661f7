-- A view in place of the continuous aggregate: same name, same columns, computed when asked.
CREATE OR REPLACE VIEW module_performance_1d AS
SELECT {{day_of_attempt}}                                   AS bucket,
       domain,
       module,
       quiz_type,
       count(*)                                             AS attempts,
       sum(round(score * 100)::bigint)::bigint              AS score_sum,
       count(*) FILTER (WHERE score < 10)                   AS s0,
       count(*) FILTER (WHERE score >= 10 AND score < 20)   AS s1,
       count(*) FILTER (WHERE score >= 20 AND score < 30)   AS s2,
       count(*) FILTER (WHERE score >= 30 AND score < 40)   AS s3,
       count(*) FILTER (WHERE score >= 40 AND score < 50)   AS s4,
       count(*) FILTER (WHERE score >= 50 AND score < 60)   AS s5,
       count(*) FILTER (WHERE score >= 60 AND score < 70)   AS s6,
       count(*) FILTER (WHERE score >= 70 AND score < 80)   AS s7,
       count(*) FILTER (WHERE score >= 80 AND score < 90)   AS s8,
       count(*) FILTER (WHERE score >= 90)                  AS s9
FROM quiz_attempts
GROUP BY 1, 2, 3, 4;
