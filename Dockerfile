# One image for every role: migrate, topics, run, serve (api), tick. `docker run classpulse --help` lists them.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/classpulse
WORKDIR /src
# Dependencies change less often than code, so they have a layer of their own.
COPY requirements.lock ./
RUN /opt/classpulse/bin/pip install --require-hashes --requirement requirements.lock
COPY . .
RUN /opt/classpulse/bin/pip install --no-deps .
# The event scanner is compiled here, for any processor of this architecture, and never in a container. A layer keeps whole
# seconds of a file's time, and by its time compiled code knows its source.
RUN find /opt/classpulse/lib/python3.11/site-packages/dataflows/events/scanner -name '*.py' -exec touch --date=@1700000000 {} + \
    && NUMBA_CPU_NAME=generic /opt/classpulse/bin/python -m dataflows.events.scanner.warm

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="ClassPulse" org.opencontainers.image.licenses="Apache-2.0"
# The recovery folder exists in the image, so that a new volume on it belongs to the worker's user.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin classpulse \
    && install --directory --owner=10001 --group=10001 /var/lib/classpulse
COPY --from=build /opt/classpulse /opt/classpulse
ENV PATH=/opt/classpulse/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    POLARS_MAX_THREADS=1 \
    NUMBA_CPU_NAME=generic \
    CLASSPULSE_LOG_FORMAT=json \
    CLASSPULSE_RECOVERY_DIR=/var/lib/classpulse
USER 10001:10001
WORKDIR /var/lib/classpulse
ENTRYPOINT ["classpulse"]
CMD ["--help"]
