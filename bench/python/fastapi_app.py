"""What a Python user would pick: FastAPI with pydantic on both sides, and a histogram."""

import time
from typing import List, Optional

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from pydantic import BaseModel, Extra, StrictStr

app = FastAPI()
duration = Histogram(
    "request_duration_seconds", "Duration of a request", ["endpoint", "method", "status"]
)


class ClassifyRequest(BaseModel, extra=Extra.forbid):
    title: Optional[StrictStr] = None
    body: Optional[StrictStr] = None
    enrichments: Optional[List[StrictStr]] = None


class ClassifyResponse(BaseModel):
    language: str
    confidence: float
    version: str


@app.post("/classify", response_model=ClassifyResponse)
async def classify(request: ClassifyRequest):
    started = time.perf_counter()
    title, body = request.title or "", request.body or ""
    answer = {
        "language": "en",
        "confidence": len(title) / (len(title) + len(body)),
        "version": "1",
    }
    duration.labels("/classify", "POST", "200").observe(time.perf_counter() - started)
    return answer


@app.get("/metrics")
async def metrics():
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
