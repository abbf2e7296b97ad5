# The same steps as `make run`: pinned requirements, sample workspace at the first start, app.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    LEEWAY_CACHE=/data \
    DATABASE_URL=sqlite:////data/database/leeway.sqlite \
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

# Without a configured workspace the sample is served; `exec` lets the server receive the stop signal.
CMD ["sh", "-c", "[ -n \"$AZURE_ML_WORKSPACE\" ] || python -m monitoring sample; exec streamlit run app.py --server.address 0.0.0.0 --server.port \"$PORT\""]
