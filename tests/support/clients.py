"""Uploads a file in pieces with a client of others: `python clients.py CLIENT URL FILE PIECE_SIZE`.

Prints `done`, or `failed` and what the client says.
"""

import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
client, url, path, size = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])


def nextcloud():
    """nc-py-api: version 1 below pieces of 5 MiB, version 2 from there on."""
    from nc_py_api import Nextcloud

    cloud = Nextcloud(nextcloud_url=url, nc_auth_user="ann", nc_auth_pass="secret")
    with path.open("rb") as file:
        cloud.files.upload_stream("a.png", file, chunk_size=size)


def owncloud():
    import owncloud
    import requests

    cloud = owncloud.Client(url)
    cloud._session = requests.session()
    cloud._webdav_url = url + "/remote.php/webdav"
    cloud.put_file("a.png", str(path), chunked=True, chunk_size=size)


def tus():
    from tusclient.client import TusClient

    TusClient(url).uploader(str(path), chunk_size=size, retries=0).upload()


def s3():
    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    store = boto3.client("s3", endpoint_url=url, config=config, **keys)
    transfer = TransferConfig(multipart_threshold=1, multipart_chunksize=size, max_concurrency=3)
    store.upload_file(str(path), "bucket", "a.png", Config=transfer)


def swift():
    """Segments, and then a manifest that names them."""
    from swiftclient import put_object

    data = path.read_bytes()
    segments = []
    for start in range(0, len(data), size):
        name = f"segments/{start:08}"
        piece = data[start : start + size]
        etag = put_object(url, "token", "box", name, contents=piece)
        segments.append({"path": f"/box/{name}", "etag": etag, "size_bytes": len(piece)})
    import json

    put_object(url, "token", "box", "a.png", contents=json.dumps(segments), query_string="multipart-manifest=put")


try:
    {"nextcloud": nextcloud, "owncloud": owncloud, "tus": tus, "s3": s3, "swift": swift}[client]()
    print("done")
except Exception as problem:
    print("failed", type(problem).__name__, str(problem)[:500])
