"""Amazon S3 and S3-compatible stores for s3dlio: `s3://bucket/key`."""

from s3dlio_s3.client import S3Client
from s3dlio_s3.config import S3Config
from s3dlio_s3.config_options import config_from_options
from s3dlio_s3.credentials import Credentials
from s3dlio_s3.encryption import CustomerKey, Encryption
from s3dlio_s3.settings import RequestSettings
from s3dlio_s3.sigv4 import presign_url, sign_headers
from s3dlio_s3.store import S3Provider, S3Store

__all__ = [
    "Credentials",
    "CustomerKey",
    "Encryption",
    "RequestSettings",
    "S3Client",
    "S3Config",
    "S3Provider",
    "S3Store",
    "config_from_options",
    "presign_url",
    "sign_headers",
]
