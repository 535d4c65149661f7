"""Settings: one typed field each, read from the environment and `.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dataflows.clock_settings import HoursText, ZoneName
from dataflows.flows import named

LONGER_THAN_EVENTS_DAYS: Final = 14
"""How much longer windows and scores are kept than events: a chunk is made up to a week before its last row comes."""


class Settings(BaseSettings):
    """What an operator may set; every field is documented in `.env.example`.

    Names without an alias are read from `CLASSPULSE_<NAME>`; the unit is part of the name.

    Example:
        >>> Settings(timezone="Europe/Berlin", _env_file=None).timezone
        'Europe/Berlin'
    """

    model_config = SettingsConfigDict(env_prefix="CLASSPULSE_", env_file=".env", extra="ignore", populate_by_name=True)

    database_url: SecretStr = Field(
        default=SecretStr("postgresql://localhost:5432/classpulse"), validation_alias=AliasChoices("DATABASE_URL")
    )
    kafka_bootstrap_servers: str = Field(
        default="localhost:9092", validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS")
    )
    kafka_security_protocol: str = Field(default="PLAINTEXT", validation_alias=AliasChoices("KAFKA_SECURITY_PROTOCOL"))
    kafka_sasl_mechanism: str | None = Field(default=None, validation_alias=AliasChoices("KAFKA_SASL_MECHANISM"))
    kafka_sasl_username: str | None = Field(default=None, validation_alias=AliasChoices("KAFKA_SASL_USERNAME"))
    kafka_sasl_password: SecretStr | None = Field(default=None, validation_alias=AliasChoices("KAFKA_SASL_PASSWORD"))
    kafka_ssl_ca_location: Path | None = Field(default=None, validation_alias=AliasChoices("KAFKA_SSL_CA_LOCATION"))
    kafka_ssl_certificate_location: Path | None = Field(
        default=None, validation_alias=AliasChoices("KAFKA_SSL_CERTIFICATE_LOCATION")
    )
    kafka_ssl_key_location: Path | None = Field(default=None, validation_alias=AliasChoices("KAFKA_SSL_KEY_LOCATION"))

    topic_prefix: str = ""
    partitions: int = Field(default=4, ge=1, le=960)
    replication: int = Field(default=1, ge=1)
    timezone: ZoneName = "UTC"
    school_hours: HoursText = "Mon-Fri 08:00-15:00"

    lateness_s: int = Field(default=60, ge=0)
    max_future_s: int = Field(default=300, ge=0)
    max_age_days: int = Field(default=35, ge=0)
    max_event_bytes: int = 65536
    idle_after_s: int = 300
    offline_after_s: int = 1800
    session_gap_s: int = 1800
    session_end_grace_s: int = 5
    content_lateness_s: int = Field(default=3600, ge=0)
    repeat_s: int = Field(default=172_800, ge=0)
    idle_cap_s: int = Field(default=300, ge=1)
    visit_cap_s: int = Field(default=14_400, ge=1)
    pass_mark: float = Field(default=70.0, ge=0, le=100)
    risk_enters: float = Field(default=0.6, ge=0)
    risk_leaves: float = Field(default=0.4, ge=0)
    stuck_at_once: int = Field(default=3, ge=1)
    stuck_least_chance: float = Field(default=0.0, ge=0, le=1)
    stuck_chances: dict[str, float] = Field(default_factory=dict)
    small_group_students: int = Field(default=10, ge=0)

    consent_duties: dict[str, str] = Field(default_factory=dict)
    erasure_key: SecretStr | None = Field(default=None, min_length=16)
    keep_backups_days: int = Field(default=30, ge=0)

    memory_model: Literal["ebbinghaus", "fsrs", "average"] = "ebbinghaus"
    memory_models_by_domain: dict[str, Literal["ebbinghaus", "fsrs", "average"]] = Field(default_factory=dict)

    keep_events_days: int = Field(default=90, ge=1)
    keep_dead_letters_days: int = Field(default=90, ge=1)
    keep_anomalies_days: int = Field(default=400, ge=1)
    keep_activity_windows_days: int = Field(default=400, ge=1)
    keep_engagement_scores_days: int = Field(default=400, ge=1)
    keep_learning_events_days: int = Field(default=2557, ge=1)
    keep_milestones_days: int = Field(default=2557, ge=1)
    keep_quiz_attempts_days: int = Field(default=2557, ge=1)
    keep_sessions_closed_days: int = Field(default=2557, ge=1)
    keep_chapter_visit_facts_days: int = Field(default=2557, ge=1)
    keep_video_views_days: int = Field(default=2557, ge=1)
    keep_stuck_episodes_days: int = Field(default=400, ge=1)
    keep_students_days: int = Field(default=2557, ge=1)
    keep_access_audit_days: int = Field(default=2557, ge=2557)

    lake_url: str = Field(default=".classpulse/lake", min_length=1)
    lake_file_s: float = Field(default=300.0, gt=0, le=600)
    lake_file_mb: int = Field(default=64, ge=1)
    lake_compression: Literal["zstd", "snappy", "gzip"] = "zstd"
    lake_raw_compression: Literal["zstd", "gzip", "none"] = "zstd"
    lake_s3_endpoint: str | None = Field(default=None, validation_alias=AliasChoices("AWS_ENDPOINT_URL"))
    lake_s3_region: str | None = Field(default=None, validation_alias=AliasChoices("AWS_REGION"))
    lake_s3_access_key_id: str | None = Field(default=None, validation_alias=AliasChoices("AWS_ACCESS_KEY_ID"))
    lake_s3_secret_access_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("AWS_SECRET_ACCESS_KEY")
    )
    receipt_key: SecretStr | None = Field(default=None, min_length=16)
    keep_lake_days: int = Field(default=1096, ge=1)
    keep_lake_raw_days: int = Field(default=90, ge=1)

    commit_interval_s: float = Field(default=1.0, gt=0)
    content_commit_interval_s: float = Field(default=2.0, gt=0)
    history_interval_s: float = Field(default=30.0, gt=0, le=600)
    snapshot_interval_s: int = Field(default=10, ge=1)
    batch_records: int = Field(default=32768, ge=1)
    batch_bytes: int = Field(default=16_777_216, ge=1)
    scanner: bool = True
    scanner_dir: Path | None = None
    recovery_dir: Path = Path(".classpulse/recovery")
    log_format: Literal["console", "json"] = "console"
    log_level: str = "INFO"

    @field_validator("keep_activity_windows_days", "keep_engagement_scores_days")
    @classmethod
    def _outlives_events(cls, days: int, info: ValidationInfo) -> int:
        least = info.data.get("keep_events_days", 0) + LONGER_THAN_EVENTS_DAYS
        if days < least:
            text = (
                f"must be at least {least}, {LONGER_THAN_EVENTS_DAYS} more than CLASSPULSE_KEEP_EVENTS_DAYS:"
                " a rebuild writes again what the kept events say, and would count twice what was rolled up"
            )
            raise ValueError(text)
        return days

    @field_validator("consent_duties")
    @classmethod
    def _has_grounds(cls, duties: dict[str, str]) -> dict[str, str]:
        for name, ground in duties.items():
            if len(ground.split()) < 3:
                text = (
                    f"{name} needs its legal ground in words, for example "
                    '{"quiz_submit": "Art. 6(1)(e) GDPR: the school has to grade"}'
                )
                raise ValueError(text)
        return duties

    def kafka_config(self) -> dict[str, str | int | float | bool]:
        """Returns the librdkafka properties that every client of ours shares."""
        config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "security.protocol": self.kafka_security_protocol,
        }
        if self.kafka_sasl_mechanism:
            config["sasl.mechanism"] = self.kafka_sasl_mechanism
        if self.kafka_sasl_username:
            config["sasl.username"] = self.kafka_sasl_username
        if self.kafka_sasl_password:
            config["sasl.password"] = self.kafka_sasl_password.get_secret_value()
        files = {
            "ssl.ca.location": self.kafka_ssl_ca_location,
            "ssl.certificate.location": self.kafka_ssl_certificate_location,
            "ssl.key.location": self.kafka_ssl_key_location,
        }
        config |= {name: str(path) for name, path in files.items() if path is not None}
        return config

    def commit_interval_of(self, flow: str) -> float:
        """Returns the seconds between two commits of a flow."""
        seconds: float = getattr(self, named(flow).commit_interval)
        return seconds

    def history_interval_of(self, flow: str) -> float:
        """Returns the seconds between two commits of what those read who look back."""
        seconds: float = getattr(self, named(flow).history_interval)
        return seconds

    def topic(self, name: str) -> str:
        """Returns the topic's name on the broker: the prefix and `name`."""
        return f"{self.topic_prefix}{name}"
