# docker run -p 127.0.0.1:8501:8501 -e LEEWAY_WITHOUT_SIGN_IN=yes IMAGE: in a container the address is open,
# so who may reach the published port is up to -p, or to the proxy before it (LEEWAY_HOSTS names its hosts).
# The same steps as `make run`: pinned requirements, sample workspace at the first start, app and evaluator.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    LEEWAY_CACHE=/data \
    DATABASE_URL=sqlite:////data/database/leeway.sqlite \
    LEEWAY_ADDRESS=0.0.0.0 \
    PORT=8501

WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

RUN useradd --system --uid 10001 --home-dir /app leeway \
    && install --directory --owner=leeway /data

COPY --chown=root:root . .

USER leeway
VOLUME /data
EXPOSE 8501

# The first start builds the sample workspace, which takes up to a minute.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/readyz', timeout=4)"]

# `exec` lets `run` receive the stop signal, which it passes on.
CMD ["sh", "-c", "exec python -m monitoring run --port \"$PORT\""]
