"""Requests as the providers' own libraries sign them, as JSON: what ours are compared with."""

import json
import sys
from datetime import UTC, datetime, timedelta

import boto3
from azure.storage.blob import generate_blob_sas
from botocore.config import Config
from google.cloud import storage
from google.oauth2 import service_account


def s3(case):
    client = boto3.client(
        "s3",
        region_name=case["region"],
        endpoint_url=case["endpoint"],
        aws_access_key_id=case["access_key_id"],
        aws_secret_access_key=case["secret_access_key"],
        aws_session_token=case["session_token"],
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual" if case["endpoint"] is None else "path"},
        ),
    )
    place = {"Bucket": case["bucket"], "Key": case["key"]}
    upload = client.generate_presigned_url(
        "put_object",
        {
            **place,
            "ContentType": case["media_type"],
            "ContentLength": case["size"],
            "ChecksumSHA256": case["checksum"],
            "IfNoneMatch": "*",
        },
        ExpiresIn=case["seconds"],
    )
    download = client.generate_presigned_url(
        "get_object",
        {
            **place,
            "ResponseCacheControl": case["cache_control"],
            "ResponseContentDisposition": case["disposition"],
            "ResponseContentType": case["media_type"],
        },
        ExpiresIn=case["seconds"],
    )
    return upload, download


def gcs(case):
    account = service_account.Credentials.from_service_account_info(
        {
            "type": "service_account",
            "client_email": case["account"],
            "private_key": case["private_key"],
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )
    bucket = storage.Client(project="none", credentials=account).bucket(case["bucket"])
    blob = bucket.blob(case["key"])
    expiration = timedelta(seconds=case["seconds"])
    upload = blob.generate_signed_url(
        version="v4", method="PUT", expiration=expiration, headers=case["headers"]
    )
    download = blob.generate_signed_url(
        version="v4",
        method="GET",
        expiration=expiration,
        response_disposition=case["disposition"],
        response_type=case["media_type"],
    )
    return upload, download


def azure(case):
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=case["seconds"])
    place = {
        "account_name": case["account"],
        "account_key": case["account_key"],
        "container_name": case["container"],
        "blob_name": case["key"],
        "expiry": expiry,
        "protocol": "https",
    }
    base = f"https://{case['account']}.blob.core.windows.net/{case['container']}/{case['key']}"
    upload = generate_blob_sas(**place, permission="c")
    download = generate_blob_sas(
        **place,
        permission="r",
        cache_control=case["cache_control"],
        content_disposition=case["disposition"],
        content_type=case["media_type"],
    )
    return f"{base}?{upload}", f"{base}?{download}"


kind = sys.argv[1]
json.dump({"s3": s3, "gcs": gcs, "azure": azure}[kind](json.loads(sys.argv[2])), sys.stdout)
