"""Signing requests that clients send to a bucket, as each provider wants them signed.

obstore signs a method and a path alone: neither the size and hash of an upload nor the headers of a
download.
"""
