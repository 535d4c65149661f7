"""The route that a team would first write: FastAPI, a pydantic model, confluent-kafka, an answer once Kafka has it.

Run as a module it serves on `CLASSPULSE_API_PORT`, with the same server as the gateway.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, Final

from confluent_kafka import Producer
from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server
from pydantic import BaseModel

TOPIC: Final = os.environ.get("CLASSPULSE_TOPIC_PREFIX", "") + "clickstream_events"


class Event(BaseModel):
    """One event."""

    event_id: str
    student_id: str
    event_name: str
    timestamp: int
    session_id: str | None = None
    class_id: str | None = None
    grade: str | None = None
    subject_id: str | None = None
    course_id: str | None = None
    chapter_id: str | None = None
    device: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


def application() -> FastAPI:
    """Returns the application."""
    producer = Producer({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "acks": "all", "linger.ms": 4})
    app = FastAPI()

    @app.post("/v1/track")
    def track(events: list[Event]) -> dict[str, int]:
        for event in events:
            producer.produce(TOPIC, event.model_dump_json().encode(), event.student_id)
        producer.flush()
        return {"accepted": len(events)}

    return app


if __name__ == "__main__":
    port = int(os.environ["CLASSPULSE_API_PORT"])
    asyncio.run(Server(application(), port=port, interface=Interfaces.ASGI, log_enabled=False).serve())
