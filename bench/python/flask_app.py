"""What a Python user would pick: Flask, protobuf for the schema, flask-caching, a histogram."""

import hashlib
import os
import time

import language_detection_pb2 as messages
from flask import Flask, Response, jsonify, request
from flask_caching import Cache
from google.protobuf import json_format
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

app = Flask(__name__)
cached = bool(os.environ.get("CACHE"))
cache = Cache(app, config={"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 300})
duration = Histogram(
    "request_duration_seconds", "Duration of a request", ["endpoint", "method", "status"]
)


def predict(message):
    return {
        "language": "en",
        "confidence": len(message.title) / (len(message.title) + len(message.body)),
        "version": "1",
    }


def answer():
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        return jsonify(error="not a JSON object"), 400
    try:
        message = json_format.ParseDict(body, messages.Request())
    except json_format.ParseError as error:
        return jsonify(error=str(error)), 400
    key = None
    if cached:
        key = hashlib.sha1(message.SerializeToString(deterministic=True)).hexdigest()
        kept = cache.get(key)
        if kept is not None:
            return jsonify(kept), 200, {"X-Cache": "HIT"}
    reply = json_format.ParseDict(predict(message), messages.Response())
    result = json_format.MessageToDict(reply)
    if key is not None:
        cache.set(key, result)
    return jsonify(result), 200


@app.post("/classify")
def classify():
    started = time.perf_counter()
    reply = answer()
    status = str(reply[1])
    duration.labels("/classify", "POST", status).observe(time.perf_counter() - started)
    return reply


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
